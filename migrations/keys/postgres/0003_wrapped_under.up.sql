-- Which master key wraps the keys, by a name that tells nothing of it: who holds another must not make keys here. No row before the
-- first key is made or wrapped anew.
CREATE TABLE wrapped_under (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    master TEXT NOT NULL
);
