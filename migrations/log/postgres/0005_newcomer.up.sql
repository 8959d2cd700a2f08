-- Whom a file makes while nobody is known: one row, so that several processes that begin at once make the same person.
CREATE TABLE newcomer (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    person TEXT NOT NULL
);
