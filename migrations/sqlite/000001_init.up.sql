-- Times are Unix milliseconds and flags booleans in both engines, so that one
-- set of statements serves both. Numbers of a room: see ARCHITECTURE.md, "Append".

CREATE TABLE instance (
    id    integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    epoch text NOT NULL CHECK (epoch <> '')
);
INSERT INTO instance (epoch) VALUES (lower(hex(randomblob(8))));

CREATE TABLE users (
    id             integer PRIMARY KEY AUTOINCREMENT,
    username       text    NOT NULL CONSTRAINT users_username_key UNIQUE
                           CHECK (length(username) BETWEEN 3 AND 20),
    display_name   text    NOT NULL CHECK (length(display_name) BETWEEN 1 AND 60),
    email          text    CONSTRAINT users_email_key UNIQUE,
    password       text    CHECK (password <> ''),
    guest          boolean NOT NULL DEFAULT false,
    role           text    NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin', 'bot')),
    status_message text    NOT NULL DEFAULT '',
    avatar_key     text    NOT NULL DEFAULT '',
    created_at     integer  NOT NULL,
    expires_at     integer,
    disabled_at    integer,
    deleted_at     integer,
    CHECK (guest OR password IS NOT NULL OR role = 'bot' OR deleted_at IS NOT NULL)
);

CREATE TABLE sessions (
    id           integer PRIMARY KEY AUTOINCREMENT,
    user_id      integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   blob   NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE
                        CHECK (length(token_hash) = 32),
    user_agent   text   NOT NULL DEFAULT '',
    ip           text   NOT NULL DEFAULT '',
    created_at   integer NOT NULL,
    last_seen_at integer NOT NULL,
    expires_at   integer NOT NULL,
    ended_at     integer
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE TABLE rooms (
    id           integer PRIMARY KEY AUTOINCREMENT,
    name         text    NOT NULL CHECK (length(name) BETWEEN 1 AND 30),
    name_key     text    NOT NULL CONSTRAINT rooms_name_key UNIQUE CHECK (name_key <> ''),
    description  text    NOT NULL DEFAULT '',
    private      boolean NOT NULL DEFAULT false,
    password     text    CHECK (password <> ''),
    owner_id     integer  NOT NULL REFERENCES users (id),
    head         integer  NOT NULL DEFAULT 0 CHECK (head >= 0),
    member_count integer NOT NULL DEFAULT 0 CHECK (member_count >= 0),
    active_at    integer  NOT NULL,
    created_at   integer  NOT NULL
);
CREATE INDEX rooms_active_at_idx ON rooms (active_at DESC, id DESC) WHERE NOT private;

CREATE TABLE room_members (
    room_id   integer NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id   integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role      text   NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'moderator', 'member')),
    joined_at integer NOT NULL,
    last_read integer NOT NULL DEFAULT 0 CHECK (last_read >= 0),
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX room_members_user_id_idx ON room_members (user_id);
CREATE UNIQUE INDEX room_members_owner_key ON room_members (room_id) WHERE role = 'owner';

CREATE TABLE messages (
    id         integer PRIMARY KEY AUTOINCREMENT,
    room_id    integer NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    seq        integer NOT NULL CHECK (seq > 0),
    change_seq integer NOT NULL,
    last_verb  text   NOT NULL DEFAULT 'sent' CHECK (last_verb IN ('sent', 'edited', 'deleted', 'reacted')),
    kind       text   NOT NULL CHECK (kind IN ('text', 'system')),
    author_id  integer NOT NULL REFERENCES users (id),
    cid        text CHECK (length(cid) = 36),
    send_hash  blob,
    text       text   NOT NULL,
    html       text   NOT NULL,
    reply_to   integer REFERENCES messages (id) ON DELETE SET NULL,
    action     text   CHECK (action <> ''),
    subject_id integer REFERENCES users (id),
    created_at integer NOT NULL,
    edited_at  integer,
    deleted_at integer,
    CONSTRAINT messages_room_id_seq_key UNIQUE (room_id, seq),
    CONSTRAINT messages_room_id_change_seq_key UNIQUE (room_id, change_seq),
    CONSTRAINT messages_author_id_cid_key UNIQUE (author_id, cid),
    CHECK (change_seq >= seq),
    CHECK ((kind = 'text') = (cid IS NOT NULL AND send_hash IS NOT NULL)),
    CHECK ((kind = 'system') = (action IS NOT NULL AND subject_id IS NOT NULL))
);

CREATE TABLE reactions (
    message_id integer NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    user_id    integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    emoji      text   NOT NULL CHECK (emoji <> ''),
    created_at integer NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
);

CREATE TABLE attachments (
    id           integer PRIMARY KEY AUTOINCREMENT,
    user_id      integer  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    message_id   integer  REFERENCES messages (id) ON DELETE CASCADE,
    blob_key     text    NOT NULL CONSTRAINT attachments_blob_key_key UNIQUE,
    name         text    NOT NULL,
    size         integer  NOT NULL CHECK (size >= 0),
    content_type text    NOT NULL,
    width        integer CHECK (width > 0),
    height       integer CHECK (height > 0),
    created_at   integer  NOT NULL
);
CREATE INDEX attachments_message_id_idx ON attachments (message_id);
