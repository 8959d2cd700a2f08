DROP TABLE events;
DROP TABLE streams;
DROP TABLE log_head;
