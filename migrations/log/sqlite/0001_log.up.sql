-- The end of the log: every batch changes this row, so whoever holds it decides the next position.
CREATE TABLE log_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- The position of the last event; 0 when there is none.
    position INTEGER NOT NULL,
    -- Counts the closings of streams.
    epoch INTEGER NOT NULL
) STRICT;

INSERT INTO log_head (id, position, epoch)
VALUES (1, 0, 0);

-- One row per stream: where it ends.
CREATE TABLE streams (
    stream TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- A stream that is erasing or erased takes no event any more.
    status TEXT NOT NULL CHECK (status IN ('open', 'erasing', 'erased'))
) STRICT, WITHOUT ROWID;

-- The events themselves.
CREATE TABLE events (
    -- Gapless, given under the lock of log_head.
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 0),
    event_id BLOB NOT NULL CHECK (length(event_id) = 16),
    type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    -- Microseconds since 1970; never used for order.
    recorded_at INTEGER NOT NULL,
    -- The ids of the keys, 16 bytes each, one after the other.
    key_ids BLOB NOT NULL,
    -- The sealed body; NULL after a physical erasure.
    body BLOB,
    body_digest BLOB NOT NULL CHECK (length(body_digest) = 32),
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
CREATE UNIQUE INDEX events_by_id ON events (event_id);
-- A second event after the same one would be a fork.
CREATE UNIQUE INDEX events_by_prev_hash ON events (stream, prev_hash);

CREATE TRIGGER events_are_never_deleted
BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted');
END;

CREATE TRIGGER events_are_never_changed
BEFORE UPDATE ON events
WHEN NEW.body IS NOT NULL
    OR NEW.position IS NOT OLD.position
    OR NEW.stream IS NOT OLD.stream
    OR NEW.revision IS NOT OLD.revision
    OR NEW.event_id IS NOT OLD.event_id
    OR NEW.type IS NOT OLD.type
    OR NEW.schema_version IS NOT OLD.schema_version
    OR NEW.recorded_at IS NOT OLD.recorded_at
    OR NEW.key_ids IS NOT OLD.key_ids
    OR NEW.body_digest IS NOT OLD.body_digest
    OR NEW.prev_hash IS NOT OLD.prev_hash
    OR NEW.hash IS NOT OLD.hash
BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;
