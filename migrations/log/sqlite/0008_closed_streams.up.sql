-- A stream ends with its last event: where it ends is not written a second time. What is left to keep is which ones are closed.
CREATE TABLE closed_streams (
    stream TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO closed_streams (stream)
SELECT stream
FROM streams
WHERE status <> 'open';

DROP TABLE streams;
