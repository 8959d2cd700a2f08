DROP TABLE mornings;
