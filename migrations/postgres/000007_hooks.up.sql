-- A bot belongs to the account that made it; the bot of a webhook to nobody.
ALTER TABLE users ADD COLUMN owner_id bigint REFERENCES users (id);
CREATE INDEX users_owner_id_idx ON users (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE incoming_hooks (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id    bigint NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id    bigint NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea  NOT NULL CONSTRAINT incoming_hooks_token_hash_key UNIQUE
                      CHECK (octet_length(token_hash) = 32),
    created_at bigint NOT NULL
);
CREATE INDEX incoming_hooks_room_id_idx ON incoming_hooks (room_id);

CREATE TABLE outgoing_hooks (
    id            bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id       bigint  NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    url           text    NOT NULL CHECK (url <> ''),
    secret        text    NOT NULL CHECK (secret <> ''),
    delivered     bigint  NOT NULL CHECK (delivered >= 0), -- everything of the room up to this number
    failures      integer NOT NULL DEFAULT 0 CHECK (failures >= 0), -- in a row
    failing_since bigint,
    last_error    text    NOT NULL DEFAULT '',
    next_at       bigint  NOT NULL, -- whose turn is next, and never before
    leased_until  bigint  NOT NULL DEFAULT 0,
    lease         bigint  NOT NULL DEFAULT 0, -- counts the turns: an old turn changes nothing
    disabled_at   bigint,
    created_at    bigint  NOT NULL
) WITH (fillfactor = 50); -- every delivery updates the row in place
CREATE INDEX outgoing_hooks_room_id_idx ON outgoing_hooks (room_id);
