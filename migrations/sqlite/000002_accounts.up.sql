-- What is left of an avatar whose user is gone: the blob goes after the commit.
ALTER TABLE users ADD COLUMN old_avatar text NOT NULL DEFAULT '';
-- Guests whose time is over and accounts that are on their way out have it set.
CREATE INDEX users_expires_at_idx ON users (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX sessions_over_idx ON sessions (COALESCE(ended_at, expires_at));
-- To delete a message looks for the answers to it.
CREATE INDEX messages_reply_to_idx ON messages (reply_to) WHERE reply_to IS NOT NULL;
