-- Accounts at providers. Tokens are sealed under the person's and the provider's keys.
CREATE TABLE connections (
    person TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- `reconnect`: the grant is no good any more, and only the person can give another.
    state TEXT NOT NULL CHECK (state IN ('connected', 'reconnect')),
    -- The account's id there.
    account TEXT NOT NULL,
    -- What the person allowed, with blanks between; NULL where the provider does not say.
    scopes TEXT,
    grants BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Counts the grants: what was reckoned with an older one is not written.
    generation INTEGER NOT NULL,
    -- Who renews the grant just now, and until when nobody else does.
    renewing TEXT,
    renewing_until INTEGER,
    connected_at INTEGER NOT NULL,
    -- Everything since this instant has been fetched; NULL before the first time.
    fetched_since INTEGER,
    -- Whether there is nothing older.
    history_complete INTEGER NOT NULL,
    -- When it was last fetched to its end.
    synced_at INTEGER,
    -- What the last fault was, until one goes well.
    fault TEXT,
    failed_at INTEGER,
    PRIMARY KEY (person, provider)
) STRICT, WITHOUT ROWID;

-- One account at a provider is one person's here.
CREATE UNIQUE INDEX connections_by_account ON connections (provider, account);

-- Persons who are allowing access just now.
CREATE TABLE attempts (
    -- The digest of the state that comes back with them.
    state BLOB PRIMARY KEY CHECK (length(state) = 32),
    person TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- The digest of what their browser holds.
    browser BLOB NOT NULL CHECK (length(browser) = 32),
    -- The secret half of PKCE.
    verifier TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Notices of providers that were taken, so that none is taken twice.
CREATE TABLE deliveries (
    provider TEXT NOT NULL,
    delivery TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (provider, delivery)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_by_age ON deliveries (received_at);

-- Calls made of those a provider allows, window by window.
CREATE TABLE budgets (
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    used INTEGER NOT NULL,
    most INTEGER NOT NULL,
    resets_at INTEGER NOT NULL,
    PRIMARY KEY (provider, name)
) STRICT, WITHOUT ROWID;
