CREATE UNIQUE INDEX events_by_prev_hash ON events (stream, prev_hash);
