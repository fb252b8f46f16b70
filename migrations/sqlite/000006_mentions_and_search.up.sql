-- Who is mentioned where, to count what a member has not read. The author of a
-- message is never among them. The message itself tells the same by its html.
CREATE TABLE mentions (
    user_id    integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    room_id    integer NOT NULL,
    seq        integer NOT NULL,
    message_id integer NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, room_id, seq)
);
CREATE INDEX mentions_message_id_idx ON mentions (message_id);
