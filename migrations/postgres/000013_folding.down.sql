CREATE OR REPLACE FUNCTION index_rewritten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO messages_search (message_id, room_id, text) VALUES (NEW.id, NEW.room_id, search_fold(NEW.text))
    ON CONFLICT (message_id) DO UPDATE SET text = EXCLUDED.text;
    RETURN NULL;
END $$;
DROP TABLE search_edits;
ALTER TABLE search_cursor DROP COLUMN folded, DROP COLUMN folding;
-- Texts of another version are made version 1 again. Skipping this would hide them.
UPDATE messages_search w SET text = search_fold(m.text) FROM messages m WHERE m.id = w.message_id AND w.folding <> 1;
ALTER TABLE messages_search DROP COLUMN folding;
