-- Times are Unix milliseconds and flags booleans in both engines, so that one
-- set of statements serves both. Numbers of a room: see ARCHITECTURE.md, "Append".

CREATE TABLE instance (
    id    smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    epoch text NOT NULL CHECK (epoch <> '')
);
INSERT INTO instance (epoch) VALUES (left(replace(gen_random_uuid()::text, '-', ''), 16));

CREATE TABLE users (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username       text    NOT NULL CONSTRAINT users_username_key UNIQUE
                           CHECK (char_length(username) BETWEEN 3 AND 20),
    display_name   text    NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 60),
    email          text    CONSTRAINT users_email_key UNIQUE,
    password       text    CHECK (password <> ''),
    guest          boolean NOT NULL DEFAULT false,
    role           text    NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin', 'bot')),
    status_message text    NOT NULL DEFAULT '',
    avatar_key     text    NOT NULL DEFAULT '',
    created_at     bigint  NOT NULL,
    expires_at     bigint,
    disabled_at    bigint,
    deleted_at     bigint,
    CHECK (guest OR password IS NOT NULL OR role = 'bot' OR deleted_at IS NOT NULL)
);

CREATE TABLE sessions (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   bytea  NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE
                        CHECK (octet_length(token_hash) = 32),
    user_agent   text   NOT NULL DEFAULT '',
    ip           text   NOT NULL DEFAULT '',
    created_at   bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    expires_at   bigint NOT NULL,
    ended_at     bigint
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE TABLE rooms (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text    NOT NULL CHECK (char_length(name) BETWEEN 1 AND 30),
    name_key     text    NOT NULL CONSTRAINT rooms_name_key UNIQUE CHECK (name_key <> ''),
    description  text    NOT NULL DEFAULT '',
    private      boolean NOT NULL DEFAULT false,
    password     text    CHECK (password <> ''),
    owner_id     bigint  NOT NULL REFERENCES users (id),
    head         bigint  NOT NULL DEFAULT 0 CHECK (head >= 0),
    member_count integer NOT NULL DEFAULT 0 CHECK (member_count >= 0),
    active_at    bigint  NOT NULL,
    created_at   bigint  NOT NULL
) WITH (fillfactor = 50); -- every append updates the row in place
CREATE INDEX rooms_active_at_idx ON rooms (active_at DESC, id DESC) WHERE NOT private;

CREATE TABLE room_members (
    room_id   bigint NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id   bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role      text   NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'moderator', 'member')),
    joined_at bigint NOT NULL,
    last_read bigint NOT NULL DEFAULT 0 CHECK (last_read >= 0),
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX room_members_user_id_idx ON room_members (user_id);
CREATE UNIQUE INDEX room_members_owner_key ON room_members (room_id) WHERE role = 'owner';

CREATE TABLE messages (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id    bigint NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    seq        bigint NOT NULL CHECK (seq > 0),
    change_seq bigint NOT NULL,
    last_verb  text   NOT NULL DEFAULT 'sent' CHECK (last_verb IN ('sent', 'edited', 'deleted', 'reacted')),
    kind       text   NOT NULL CHECK (kind IN ('text', 'system')),
    author_id  bigint NOT NULL REFERENCES users (id),
    cid        uuid,
    send_hash  bytea,
    text       text   NOT NULL,
    html       text   NOT NULL,
    reply_to   bigint REFERENCES messages (id) ON DELETE SET NULL,
    action     text   CHECK (action <> ''),
    subject_id bigint REFERENCES users (id),
    created_at bigint NOT NULL,
    edited_at  bigint,
    deleted_at bigint,
    CONSTRAINT messages_room_id_seq_key UNIQUE (room_id, seq),
    CONSTRAINT messages_room_id_change_seq_key UNIQUE (room_id, change_seq),
    CONSTRAINT messages_author_id_cid_key UNIQUE (author_id, cid),
    CHECK (change_seq >= seq),
    CHECK ((kind = 'text') = (cid IS NOT NULL AND send_hash IS NOT NULL)),
    CHECK ((kind = 'system') = (action IS NOT NULL AND subject_id IS NOT NULL))
);

CREATE TABLE reactions (
    message_id bigint NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    emoji      text   NOT NULL CHECK (emoji <> ''),
    created_at bigint NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
);

CREATE TABLE attachments (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    message_id   bigint  REFERENCES messages (id) ON DELETE CASCADE,
    blob_key     text    NOT NULL CONSTRAINT attachments_blob_key_key UNIQUE,
    name         text    NOT NULL,
    size         bigint  NOT NULL CHECK (size >= 0),
    content_type text    NOT NULL,
    width        integer CHECK (width > 0),
    height       integer CHECK (height > 0),
    created_at   bigint  NOT NULL
);
CREATE INDEX attachments_message_id_idx ON attachments (message_id);
