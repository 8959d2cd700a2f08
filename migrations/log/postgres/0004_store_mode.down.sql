DROP TABLE store_mode;
