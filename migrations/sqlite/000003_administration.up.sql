-- What people with power over others did. No foreign keys: an entry outlives the
-- room and the users that it tells of.
CREATE TABLE audit (
    id       integer PRIMARY KEY AUTOINCREMENT,
    at       integer NOT NULL,
    actor_id integer, -- NULL: the operator at the command line
    action   text    NOT NULL CHECK (action <> ''),
    room_id  integer,
    user_id  integer,
    detail   text    NOT NULL DEFAULT ''
);

-- Limits that an admin has set; what is not here is as the environment says.
CREATE TABLE limits (
    name  text    PRIMARY KEY,
    value integer NOT NULL CHECK (value > 0)
);
