-- A stream ends with its last event: where it ends is not written a second time. What is left to keep is which ones are closed.
-- An older process must not close one between the reading and the end of this.
LOCK TABLE streams IN ACCESS EXCLUSIVE MODE;

CREATE TABLE closed_streams (
    stream TEXT COLLATE "C" PRIMARY KEY
);

INSERT INTO closed_streams (stream)
SELECT stream
FROM streams
WHERE status <> 'open';

DROP TABLE streams;
