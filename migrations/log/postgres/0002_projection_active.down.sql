DROP TABLE projection_active;
