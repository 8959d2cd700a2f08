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
    grants BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Counts the grants: what was reckoned with an older one is not written.
    generation BIGINT NOT NULL,
    -- Who renews the grant just now, and until when nobody else does.
    renewing TEXT,
    renewing_until BIGINT,
    connected_at BIGINT NOT NULL,
    -- Everything since this instant has been fetched; NULL before the first time.
    fetched_since BIGINT,
    -- Whether there is nothing older.
    history_complete BIGINT NOT NULL,
    -- When it was last fetched to its end.
    synced_at BIGINT,
    -- What the last fault was, until one goes well.
    fault TEXT,
    failed_at BIGINT,
    PRIMARY KEY (person, provider)
);

-- One account at a provider is one person's here.
CREATE UNIQUE INDEX connections_by_account ON connections (provider, account);

-- Persons who are allowing access just now.
CREATE TABLE attempts (
    -- The digest of the state that comes back with them.
    state BYTEA PRIMARY KEY CHECK (octet_length(state) = 32),
    person TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- The digest of what their browser holds.
    browser BYTEA NOT NULL CHECK (octet_length(browser) = 32),
    -- The secret half of PKCE.
    verifier TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);

-- Notices of providers that were taken, so that none is taken twice.
CREATE TABLE deliveries (
    provider TEXT NOT NULL,
    delivery TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (provider, delivery)
);

CREATE INDEX deliveries_by_age ON deliveries (received_at);

-- Calls made of those a provider allows, window by window.
CREATE TABLE budgets (
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    used BIGINT NOT NULL,
    most BIGINT NOT NULL,
    resets_at BIGINT NOT NULL,
    PRIMARY KEY (provider, name)
);
