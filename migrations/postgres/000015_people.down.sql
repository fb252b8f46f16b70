DROP TABLE user_blocks;
ALTER TABLE users DROP COLUMN time_zone;
