DROP INDEX jobs_waiting_of;
DROP INDEX jobs_by_turn;
ALTER TABLE jobs DROP COLUMN turn_at;
ALTER TABLE jobs DROP COLUMN priority;
