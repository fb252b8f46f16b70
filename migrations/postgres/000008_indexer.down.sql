DROP TRIGGER messages_rewritten ON messages;
DROP FUNCTION index_rewritten;
DROP TABLE search_cursor, messages_search;
-- This takes a minute or two a million messages, in which nobody can send.
CREATE INDEX messages_search_idx ON messages USING gin (search_fold(text) gin_trgm_ops)
    WHERE kind = 'text' AND deleted_at IS NULL;
