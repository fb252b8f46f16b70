DROP TRIGGER messages_rewritten;
DROP TRIGGER messages_unwritten;
DROP TABLE search_edits;
DROP TABLE messages_search;
ALTER TABLE search_cursor DROP COLUMN folded;
ALTER TABLE search_cursor DROP COLUMN folding;

-- The index is filled in the background.
UPDATE search_cursor SET indexed = 0;
CREATE VIEW written AS SELECT id, text FROM messages
    WHERE kind = 'text' AND deleted_at IS NULL AND id <= (SELECT indexed FROM search_cursor);
CREATE VIRTUAL TABLE messages_search USING fts5 (
    text, content = 'written', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1', detail = none, columnsize = 0
);
CREATE TRIGGER messages_unwritten AFTER DELETE ON messages
    WHEN old.kind = 'text' AND old.deleted_at IS NULL AND old.id <= (SELECT indexed FROM search_cursor) BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER messages_rewritten AFTER UPDATE OF text, deleted_at ON messages
    WHEN old.kind = 'text' AND old.id <= (SELECT indexed FROM search_cursor) BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) SELECT 'delete', old.id, old.text WHERE old.deleted_at IS NULL;
    INSERT INTO messages_search (rowid, text) SELECT new.id, new.text WHERE new.deleted_at IS NULL;
END;
