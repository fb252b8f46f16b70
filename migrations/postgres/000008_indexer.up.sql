-- What search finds by trigrams, filled behind the senders' backs: written with each
-- message, the index took them as much time as all the rest. It begins empty, and what
-- is not in it yet is looked through as it is. text is folded; it is empty where the
-- message was deleted.
DROP INDEX messages_search_idx;

CREATE TABLE messages_search (
    message_id bigint PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    room_id    bigint NOT NULL,
    text       text   NOT NULL
);
-- New entries wait in a list (fastupdate) that is worked in now and then.
CREATE INDEX messages_search_text_idx ON messages_search USING gin (text gin_trgm_ops);

-- Every message up to this id is in the index.
CREATE TABLE search_cursor (
    id      smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    indexed bigint NOT NULL
);
INSERT INTO search_cursor (indexed) VALUES (0);

-- An edit is found at once, wherever the cursor stands. Whoever indexes the message at
-- this moment from an older snapshot is waited for here, or passes over the row.
CREATE FUNCTION index_rewritten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO messages_search (message_id, room_id, text) VALUES (NEW.id, NEW.room_id, search_fold(NEW.text))
    ON CONFLICT (message_id) DO UPDATE SET text = EXCLUDED.text;
    RETURN NULL;
END $$;
CREATE TRIGGER messages_rewritten AFTER UPDATE OF text ON messages
    FOR EACH ROW WHEN (NEW.kind = 'text') EXECUTE FUNCTION index_rewritten();
