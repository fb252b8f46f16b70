-- The IANA name of a user's time zone, '' if it is not set.
ALTER TABLE users ADD COLUMN time_zone text NOT NULL DEFAULT '' CHECK (length(time_zone) <= 64);

-- The users that a user has blocked. Rows are removed when one of the two accounts is closed.
CREATE TABLE user_blocks (
    blocker_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    blocked_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at integer NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX user_blocks_blocked_id_idx ON user_blocks (blocked_id);

-- The accounts that every user can find, without the many deleted guests.
CREATE INDEX users_listed_idx ON users (username) WHERE NOT guest AND deleted_at IS NULL;
