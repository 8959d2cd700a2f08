DROP TABLE attempts;
DROP TABLE one_time_tokens;
DROP TABLE devices;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP TABLE accounts;
