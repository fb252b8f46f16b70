-- Who is kept out of a room. by_id is the moderator.
CREATE TABLE room_bans (
    room_id    bigint NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    by_id      bigint NOT NULL REFERENCES users (id),
    reason     text   NOT NULL DEFAULT '',
    created_at bigint NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

-- Who is silent in a room, and until when. It stands beside the membership, so
-- that nobody sheds it by leaving and joining again.
CREATE TABLE room_mutes (
    room_id     bigint NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id     bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    muted_until bigint NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE TABLE invites (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id    bigint  NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    token_hash bytea   NOT NULL CONSTRAINT invites_token_hash_key UNIQUE
                       CHECK (octet_length(token_hash) = 32),
    created_by bigint  NOT NULL REFERENCES users (id),
    created_at bigint  NOT NULL,
    expires_at bigint  NOT NULL,
    uses_left  integer CHECK (uses_left >= 0) -- NULL: as many as like
);
CREATE INDEX invites_room_id_idx ON invites (room_id);

-- The rooms of two: one for each pair, for ever.
CREATE TABLE direct_rooms (
    room_id bigint NOT NULL PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    low_id  bigint NOT NULL REFERENCES users (id),
    high_id bigint NOT NULL REFERENCES users (id),
    CONSTRAINT direct_rooms_pair_key UNIQUE (low_id, high_id),
    CHECK (low_id < high_id)
);
