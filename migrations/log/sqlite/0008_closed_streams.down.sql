CREATE TABLE streams (
    stream TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- A stream that is erasing or erased takes no event any more.
    status TEXT NOT NULL CHECK (status IN ('open', 'erasing', 'erased'))
) STRICT, WITHOUT ROWID;

INSERT INTO streams (stream, revision, hash, status)
SELECT stream, revision, hash, CASE WHEN stream IN (SELECT stream FROM closed_streams) THEN 'erased' ELSE 'open' END
FROM (SELECT stream, MAX(revision) AS revision FROM events GROUP BY stream) AS last
JOIN events USING (stream, revision);

DROP TABLE closed_streams;
