-- What is to be done, once each. Times are microseconds since 1970, as everywhere.
CREATE TABLE jobs (
    job TEXT PRIMARY KEY,
    -- Which handler does it.
    kind TEXT NOT NULL,
    -- Says that two jobs are the same work: one waits at most, and one runs at most.
    key TEXT NOT NULL,
    -- Whom it is about; NULL where it is about nobody in particular.
    person TEXT,
    -- What the handler is told: ids and windows, never a measurement.
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead')),
    run_at BIGINT NOT NULL,
    -- Attempts begun; a job that was put off does not count its attempt.
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    -- Who holds it, by which lease, and until when: a lease that ran out is nobody's.
    worker TEXT,
    lease TEXT,
    lease_until BIGINT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT
);

CREATE UNIQUE INDEX jobs_waiting ON jobs (key) WHERE state = 'ready';
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'ready';
CREATE INDEX jobs_running ON jobs (key, lease_until) WHERE state = 'running';
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE state = 'done';
CREATE INDEX jobs_by_key ON jobs (key, ended_at) WHERE state = 'done';
CREATE INDEX jobs_by_person ON jobs (person, created_at);

-- One row per attempt that ended.
CREATE TABLE job_runs (
    job TEXT NOT NULL REFERENCES jobs (job) ON DELETE CASCADE,
    run BIGINT NOT NULL,
    worker TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    -- What went wrong: a code, and a sentence without a health value.
    code TEXT,
    reason TEXT,
    -- What each step took, as a JSON object of milliseconds.
    steps TEXT NOT NULL,
    PRIMARY KEY (job, run)
);

-- What was given up, until it is replayed.
CREATE TABLE job_dead_letters (
    job TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    person TEXT,
    payload TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    died_at BIGINT NOT NULL,
    replayed_at BIGINT,
    -- The job that does it again.
    replayed_as TEXT
);

CREATE INDEX job_dead_letters_by_person ON job_dead_letters (person, died_at);

-- What is due by the clock: who moves `next_at` on fires it, and nobody else.
CREATE TABLE schedules (
    name TEXT PRIMARY KEY,
    cron TEXT NOT NULL,
    next_at BIGINT NOT NULL,
    last_at BIGINT
);

-- Whether calls pass: by provider, and by provider and person.
CREATE TABLE breakers (
    name TEXT PRIMARY KEY,
    -- Failures in a row.
    failures BIGINT NOT NULL,
    -- Nothing passes until then.
    open_until BIGINT,
    -- How long it was opened for, in milliseconds.
    wait BIGINT NOT NULL,
    -- Counts changes, so that of two who change it at once one looks again.
    version BIGINT NOT NULL
);
