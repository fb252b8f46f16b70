-- The index gets texts that are folded by the node, as all of them are compared. It begins
-- empty and is filled in the background; searches read what is not in it.
DROP TRIGGER messages_unwritten;
DROP TRIGGER messages_rewritten;
DROP TABLE messages_search;
DROP VIEW written;
CREATE VIRTUAL TABLE messages_search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1', detail = none
);

-- Every message up to indexed is in the index, and every message up to folded is there as
-- the version folding folds it. Searches do not use the index above that.
ALTER TABLE search_cursor ADD COLUMN folding integer NOT NULL DEFAULT 1;
ALTER TABLE search_cursor ADD COLUMN folded integer NOT NULL DEFAULT 0;
UPDATE search_cursor SET indexed = 0;

-- Messages that were edited or deleted and that the index still has with another text.
CREATE TABLE search_edits (
    id         integer PRIMARY KEY AUTOINCREMENT,
    message_id integer NOT NULL
);
CREATE TRIGGER messages_unwritten AFTER DELETE ON messages WHEN old.kind = 'text' BEGIN
    DELETE FROM messages_search WHERE rowid = old.id;
END;
CREATE TRIGGER messages_rewritten AFTER UPDATE OF text, deleted_at ON messages WHEN old.kind = 'text' BEGIN
    INSERT INTO search_edits (message_id) VALUES (new.id);
END;
