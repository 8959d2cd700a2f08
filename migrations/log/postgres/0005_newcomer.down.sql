DROP TABLE newcomer;
