-- How many keys were destroyed: whoever holds keys in memory looks here before they use them.
CREATE TABLE keys_destroyed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    times INTEGER NOT NULL
) STRICT;

INSERT INTO keys_destroyed (one, times) VALUES (1, 0);
