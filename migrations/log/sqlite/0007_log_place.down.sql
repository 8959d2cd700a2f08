DROP TABLE log_place;
