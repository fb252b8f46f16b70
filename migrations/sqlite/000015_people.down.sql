DROP INDEX users_listed_idx;
DROP TABLE user_blocks;
ALTER TABLE users DROP COLUMN time_zone;
