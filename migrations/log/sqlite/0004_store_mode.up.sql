-- The mode this store belongs to: one row, written when a server of staging or production first starts on it.
CREATE TABLE store_mode (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mode TEXT NOT NULL
) STRICT;
