-- How often each rule refused a command. It holds no person and no value.
CREATE TABLE refusals (
    rule TEXT NOT NULL,
    field TEXT NOT NULL,
    count BIGINT NOT NULL,
    -- Microseconds since 1970 of the latest.
    last_at BIGINT NOT NULL,
    PRIMARY KEY (rule, field)
);
