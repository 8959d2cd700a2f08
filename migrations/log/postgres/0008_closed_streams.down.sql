-- A newer process must not append meanwhile, nor go on from what it remembers.
LOCK TABLE events, closed_streams IN ACCESS EXCLUSIVE MODE;

UPDATE log_head
SET epoch = CASE WHEN epoch < 0 THEN epoch - 1 ELSE epoch + 1 END;

CREATE TABLE streams (
    stream TEXT COLLATE "C" PRIMARY KEY,
    revision BIGINT NOT NULL,
    hash BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    -- A stream that is erasing or erased takes no event any more.
    status TEXT NOT NULL CHECK (status IN ('open', 'erasing', 'erased'))
) WITH (fillfactor = 70);

INSERT INTO streams (stream, revision, hash, status)
SELECT stream, revision, hash, CASE WHEN stream IN (SELECT stream FROM closed_streams) THEN 'erased' ELSE 'open' END
FROM (SELECT stream, MAX(revision) AS revision FROM events GROUP BY stream) AS last
JOIN events USING (stream, revision);

DROP TABLE closed_streams;
