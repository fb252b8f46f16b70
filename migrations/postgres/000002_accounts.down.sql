DROP INDEX messages_reply_to_idx;
DROP INDEX sessions_over_idx;
DROP INDEX users_expires_at_idx;
ALTER TABLE users DROP COLUMN old_avatar;
