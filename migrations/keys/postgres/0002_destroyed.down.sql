DROP TABLE keys_destroyed;
