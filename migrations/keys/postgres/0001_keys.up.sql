-- Wrapped keys: one per person, and one per person and provider. Deleting a row erases what it sealed.
CREATE TABLE keys (
    key_id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    -- 'person', or 'provider:' and its name.
    scope TEXT NOT NULL,
    -- The key, sealed under the master key and bound to the three columns above.
    wrapped BYTEA NOT NULL,
    UNIQUE (person, scope)
);
