SET LOCAL lock_timeout = '1s'; -- a migration that waits for a table makes its writers wait

-- The version of the folding of each text in the index. Constant defaults rewrite no
-- table, and nodes of older versions write them. Nodes fold the texts from now on; the
-- function search_fold is version 1.
ALTER TABLE messages_search ADD COLUMN folding smallint NOT NULL DEFAULT 1;

-- Every message up to folded is in the index as the version folding folds it. Searches do
-- not use the index above that: the texts are folded again in the background.
ALTER TABLE search_cursor
    ADD COLUMN folding smallint NOT NULL DEFAULT 1,
    ADD COLUMN folded bigint NOT NULL DEFAULT 0;

-- Messages that were edited or deleted and that the index still has with another text or
-- with version 1. Rows are only added and removed, so that edits never wait for the index.
CREATE TABLE search_edits (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id bigint NOT NULL
);

-- Nodes of older versions find the new text at once; the others read search_edits.
CREATE OR REPLACE FUNCTION index_rewritten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO messages_search (message_id, room_id, text) VALUES (NEW.id, NEW.room_id, search_fold(NEW.text))
    ON CONFLICT (message_id) DO UPDATE SET text = EXCLUDED.text, folding = EXCLUDED.folding;
    INSERT INTO search_edits (message_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
