DROP TABLE breakers;
DROP TABLE schedules;
DROP TABLE job_dead_letters;
DROP TABLE job_runs;
DROP TABLE jobs;
