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

-- The trigrams of what people wrote. The index keeps no text of its own: it reads
-- the view where it needs it, and the triggers tell it of every change.
CREATE VIEW written AS SELECT id, text FROM messages WHERE kind = 'text' AND deleted_at IS NULL;

CREATE VIRTUAL TABLE messages_search USING fts5 (
    text, content = 'written', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1', detail = none, columnsize = 0
);
INSERT INTO messages_search (messages_search) VALUES ('rebuild');

CREATE TRIGGER messages_written AFTER INSERT ON messages WHEN new.kind = 'text' AND new.deleted_at IS NULL BEGIN
    INSERT INTO messages_search (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER messages_unwritten AFTER DELETE ON messages WHEN old.kind = 'text' AND old.deleted_at IS NULL BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER messages_rewritten AFTER UPDATE OF text, deleted_at ON messages WHEN old.kind = 'text' BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) SELECT 'delete', old.id, old.text WHERE old.deleted_at IS NULL;
    INSERT INTO messages_search (rowid, text) SELECT new.id, new.text WHERE new.deleted_at IS NULL;
END;

-- The newest messages of some rooms: what trigrams cannot find is looked for there.
CREATE INDEX messages_room_id_id_idx ON messages (room_id, id);
