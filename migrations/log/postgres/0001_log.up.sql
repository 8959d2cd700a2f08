-- The end of the log: every batch changes this row, so whoever holds it decides the next position.
CREATE TABLE log_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    -- The position of the last event; 0 when there is none.
    position BIGINT NOT NULL,
    -- Counts the closings of streams.
    epoch BIGINT NOT NULL
) WITH (fillfactor = 10);

INSERT INTO log_head (id, position, epoch)
VALUES (1, 0, 0);

-- One row per stream: where it ends.
CREATE TABLE streams (
    stream TEXT COLLATE "C" PRIMARY KEY,
    revision BIGINT NOT NULL,
    hash BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    -- A stream that is erasing or erased takes no event any more.
    status TEXT NOT NULL CHECK (status IN ('open', 'erasing', 'erased'))
) WITH (fillfactor = 70);

-- The events themselves.
CREATE TABLE events (
    -- Gapless, given under the lock of log_head.
    position BIGINT PRIMARY KEY,
    stream TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL CHECK (revision >= 0),
    event_id UUID NOT NULL,
    type TEXT NOT NULL,
    schema_version BIGINT NOT NULL,
    -- Microseconds since 1970; never used for order.
    recorded_at BIGINT NOT NULL,
    -- The ids of the keys, 16 bytes each, one after the other.
    key_ids BYTEA NOT NULL,
    -- The sealed body; NULL after a physical erasure.
    body BYTEA,
    body_digest BYTEA NOT NULL CHECK (octet_length(body_digest) = 32),
    prev_hash BYTEA NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash BYTEA NOT NULL CHECK (octet_length(hash) = 32)
);

CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
CREATE UNIQUE INDEX events_by_id ON events (event_id);
-- A second event after the same one would be a fork.
CREATE UNIQUE INDEX events_by_prev_hash ON events (stream, prev_hash);

-- Sealed bytes do not compress.
ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE FUNCTION events_stay() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.body IS NULL
            AND (NEW.position, NEW.stream, NEW.revision, NEW.event_id, NEW.type, NEW.schema_version, NEW.recorded_at,
                 NEW.key_ids, NEW.body_digest, NEW.prev_hash, NEW.hash)
              = (OLD.position, OLD.stream, OLD.revision, OLD.event_id, OLD.type, OLD.schema_version, OLD.recorded_at,
                 OLD.key_ids, OLD.body_digest, OLD.prev_hash, OLD.hash)
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'events are never changed';
    END IF;
    RAISE EXCEPTION 'events are never deleted';
END
$$;

CREATE TRIGGER events_are_never_changed
BEFORE UPDATE OR DELETE ON events
FOR EACH ROW EXECUTE FUNCTION events_stay();

CREATE TRIGGER events_are_never_truncated
BEFORE TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_stay();
