-- Who may come in. Everything below goes with its account.
CREATE TABLE accounts (
    account TEXT PRIMARY KEY,
    -- Trimmed and in lower case.
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('person', 'reviewer', 'operator')),
    -- Whose data the account owns.
    person TEXT,
    -- The hash in PHC form; NULL until it is set with a one-time token.
    password TEXT,
    -- Counts the changes of the password. A session of another version is worth nothing.
    version BIGINT NOT NULL,
    -- Microseconds since 1970, as all times here.
    created_at BIGINT NOT NULL
);

-- One row per login. There is one good refresh token at most, since the row has one place for it.
CREATE TABLE sessions (
    session TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    -- The digest of the good refresh token.
    live BYTEA NOT NULL,
    -- The digest of the one it came from.
    previous BYTEA,
    started_at BIGINT NOT NULL,
    -- When a refresh token was last used.
    used_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_account ON sessions (account);

-- Every refresh token that was given out, so that a used one is known when it comes back.
CREATE TABLE refresh_tokens (
    digest BYTEA PRIMARY KEY CHECK (octet_length(digest) = 32),
    session TEXT NOT NULL REFERENCES sessions (session) ON DELETE CASCADE
);

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

-- Watches and scripts, each with a token of its own.
CREATE TABLE devices (
    device TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    label TEXT NOT NULL,
    -- What it may do, with blanks between.
    scopes TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_at BIGINT NOT NULL
);

CREATE INDEX devices_by_account ON devices (account);

-- The token with which a password is set, one at a time.
CREATE TABLE one_time_tokens (
    account TEXT PRIMARY KEY REFERENCES accounts (account) ON DELETE CASCADE,
    digest BYTEA NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    ends_at BIGINT NOT NULL
);

-- Logins that failed, by the digest of the name, whether there is such an account or not.
CREATE TABLE attempts (
    name BYTEA PRIMARY KEY CHECK (octet_length(name) = 32),
    failures BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE INDEX attempts_by_age ON attempts (last_at);
