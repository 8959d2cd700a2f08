DROP TABLE events;
DROP FUNCTION events_stay();
DROP TABLE streams;
DROP TABLE log_head;
