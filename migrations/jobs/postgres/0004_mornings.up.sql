-- Whether a person's day was looked at in its morning, by the person's own days, which are numbered from 0001-01-01.
CREATE TABLE mornings (
    person TEXT NOT NULL,
    day BIGINT NOT NULL,
    done BIGINT NOT NULL,
    PRIMARY KEY (person, day)
);
