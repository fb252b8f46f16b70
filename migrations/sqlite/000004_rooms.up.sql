-- Who is kept out of a room. by_id is the moderator.
CREATE TABLE room_bans (
    room_id    integer NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id    integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    by_id      integer NOT NULL REFERENCES users (id),
    reason     text    NOT NULL DEFAULT '',
    created_at integer NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

-- Who is silent in a room, and until when. It stands beside the membership, so
-- that nobody sheds it by leaving and joining again.
CREATE TABLE room_mutes (
    room_id     integer NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id     integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    muted_until integer NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE TABLE invites (
    id         integer PRIMARY KEY AUTOINCREMENT,
    room_id    integer NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    token_hash blob    NOT NULL CONSTRAINT invites_token_hash_key UNIQUE
                       CHECK (length(token_hash) = 32),
    created_by integer NOT NULL REFERENCES users (id),
    created_at integer NOT NULL,
    expires_at integer NOT NULL,
    uses_left  integer CHECK (uses_left >= 0) -- NULL: as many as like
);
CREATE INDEX invites_room_id_idx ON invites (room_id);

-- The rooms of two: one for each pair, for ever.
CREATE TABLE direct_rooms (
    room_id integer NOT NULL PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    low_id  integer NOT NULL REFERENCES users (id),
    high_id integer NOT NULL REFERENCES users (id),
    CONSTRAINT direct_rooms_pair_key UNIQUE (low_id, high_id),
    CHECK (low_id < high_id)
);
