-- Where the events of this store lie: in the tables beside this one, or on a cluster. One row, once the store was opened.
CREATE TABLE log_place (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    place TEXT NOT NULL CHECK (place IN ('tables', 'cluster'))
) STRICT;
