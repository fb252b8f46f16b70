INSERT INTO messages_search (rowid, text) SELECT id, text FROM messages
    WHERE kind = 'text' AND deleted_at IS NULL AND id > (SELECT indexed FROM search_cursor);

DROP TRIGGER messages_unwritten;
DROP TRIGGER messages_rewritten;
DROP VIEW written;
DROP TABLE search_cursor;

CREATE VIEW written AS SELECT id, text FROM messages WHERE kind = 'text' AND deleted_at IS NULL;
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
