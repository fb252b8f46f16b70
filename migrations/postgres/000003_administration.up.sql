-- What people with power over others did. No foreign keys: an entry outlives the
-- room and the users that it tells of.
CREATE TABLE audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       bigint NOT NULL,
    actor_id bigint, -- NULL: the operator at the command line
    action   text   NOT NULL CHECK (action <> ''),
    room_id  bigint,
    user_id  bigint,
    detail   text   NOT NULL DEFAULT ''
);

-- Limits that an admin has set; what is not here is as the environment says.
CREATE TABLE limits (
    name  text   PRIMARY KEY,
    value bigint NOT NULL CHECK (value > 0)
);
