-- A bot belongs to the account that made it; the bot of a webhook to nobody.
ALTER TABLE users ADD COLUMN owner_id integer REFERENCES users (id);
CREATE INDEX users_owner_id_idx ON users (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE incoming_hooks (
    id         integer PRIMARY KEY AUTOINCREMENT,
    room_id    integer NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id    integer NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    token_hash blob   NOT NULL CONSTRAINT incoming_hooks_token_hash_key UNIQUE
                      CHECK (length(token_hash) = 32),
    created_at integer NOT NULL
);
CREATE INDEX incoming_hooks_room_id_idx ON incoming_hooks (room_id);

CREATE TABLE outgoing_hooks (
    id            integer PRIMARY KEY AUTOINCREMENT,
    room_id       integer  NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    url           text    NOT NULL CHECK (url <> ''),
    secret        text    NOT NULL CHECK (secret <> ''),
    delivered     integer  NOT NULL CHECK (delivered >= 0), -- everything of the room up to this number
    failures      integer NOT NULL DEFAULT 0 CHECK (failures >= 0), -- in a row
    failing_since integer,
    last_error    text    NOT NULL DEFAULT '',
    next_at       integer  NOT NULL, -- whose turn is next, and never before
    leased_until  integer  NOT NULL DEFAULT 0,
    lease         integer  NOT NULL DEFAULT 0, -- counts the turns: an old turn changes nothing
    disabled_at   integer,
    created_at    integer  NOT NULL
);
CREATE INDEX outgoing_hooks_room_id_idx ON outgoing_hooks (room_id);
