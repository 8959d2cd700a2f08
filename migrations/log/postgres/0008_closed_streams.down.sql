CREATE TABLE streams (
    stream TEXT COLLATE "C" PRIMARY KEY,
    revision BIGINT NOT NULL,
    hash BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    -- A stream that is erasing or erased takes no event any more.
    status TEXT NOT NULL CHECK (status IN ('open', 'erasing', 'erased'))
) WITH (fillfactor = 70);

INSERT INTO streams (stream, revision, hash, status)
SELECT DISTINCT ON (stream) stream, revision, hash,
       CASE WHEN stream IN (SELECT stream FROM closed_streams) THEN 'erased' ELSE 'open' END
FROM events
ORDER BY stream, revision DESC;

DROP TABLE closed_streams;
