-- Who is mentioned where, to count what a member has not read. The author of a
-- message is never among them. The message itself tells the same by its html.
CREATE TABLE mentions (
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    room_id    bigint NOT NULL,
    seq        bigint NOT NULL,
    message_id bigint NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, room_id, seq)
);
CREATE INDEX mentions_message_id_idx ON mentions (message_id);
