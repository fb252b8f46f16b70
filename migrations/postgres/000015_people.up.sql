SET LOCAL lock_timeout = '1s'; -- a migration that waits for a table makes its writers wait

-- The IANA name of a user's time zone, '' if it is not set. A constant default rewrites no
-- table, and nodes of older versions write it.
ALTER TABLE users ADD COLUMN time_zone text NOT NULL DEFAULT '' CHECK (octet_length(time_zone) <= 64);

-- The users that a user has blocked. Rows are removed when one of the two accounts is closed.
CREATE TABLE user_blocks (
    blocker_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    blocked_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX user_blocks_blocked_id_idx ON user_blocks (blocked_id);

-- The accounts that every user can find, without the many deleted guests.
CREATE INDEX users_listed_idx ON users (username) WHERE NOT guest AND deleted_at IS NULL;
