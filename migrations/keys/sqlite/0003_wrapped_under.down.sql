DROP TABLE wrapped_under;
