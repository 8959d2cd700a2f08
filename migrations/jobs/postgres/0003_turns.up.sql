-- How urgent a job is: 0 what a notice named, 1 what is done by the clock or for somebody who asked, 2 history.
ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 1;
-- Whose turn it is: when it may begin, behind what is more urgent and behind what the same person has waiting already.
ALTER TABLE jobs ADD COLUMN turn_at BIGINT NOT NULL DEFAULT 0;
UPDATE jobs SET priority = CASE WHEN kind = 'backfill' THEN 2 WHEN kind IN ('record', 'gone', 'revoked') THEN 0 ELSE 1 END,
                turn_at = run_at;

CREATE INDEX jobs_by_turn ON jobs (turn_at, job, run_at, priority) WHERE state = 'ready';
CREATE INDEX jobs_waiting_of ON jobs (person, priority, turn_at, run_at) WHERE state = 'ready';
