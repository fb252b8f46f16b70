-- The index of trigrams is filled behind the senders' backs: written with each
-- message, it took them more time than all the rest. What is not in it yet is looked
-- through as it is.

-- Every message up to this id is in the index.
CREATE TABLE search_cursor (
    id      integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    indexed integer NOT NULL
);
INSERT INTO search_cursor (indexed) SELECT COALESCE(max(id), 0) FROM messages;

DROP VIEW written;
CREATE VIEW written AS SELECT id, text FROM messages
    WHERE kind = 'text' AND deleted_at IS NULL AND id <= (SELECT indexed FROM search_cursor);

DROP TRIGGER messages_written;
DROP TRIGGER messages_unwritten;
DROP TRIGGER messages_rewritten;
CREATE TRIGGER messages_unwritten AFTER DELETE ON messages
    WHEN old.kind = 'text' AND old.deleted_at IS NULL AND old.id <= (SELECT indexed FROM search_cursor) BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER messages_rewritten AFTER UPDATE OF text, deleted_at ON messages
    WHEN old.kind = 'text' AND old.id <= (SELECT indexed FROM search_cursor) BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) SELECT 'delete', old.id, old.text WHERE old.deleted_at IS NULL;
    INSERT INTO messages_search (rowid, text) SELECT new.id, new.text WHERE new.deleted_at IS NULL;
END;
