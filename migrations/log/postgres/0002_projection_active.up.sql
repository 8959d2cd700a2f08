-- Which generation of each set of read models is live. A rebuild fills another and moves this pointer.
CREATE TABLE projection_active (
    name TEXT PRIMARY KEY,
    generation BIGINT NOT NULL
);
