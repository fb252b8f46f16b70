SET LOCAL lock_timeout = '1s'; -- a migration that waits for a table makes its writers wait

-- Backups that are running, and the last one that finished. Times are Unix milliseconds;
-- held_until is by the clock of the database, which all nodes and backups share.
CREATE TABLE backups (
    id          text   PRIMARY KEY CHECK (id <> ''),
    started_at  bigint NOT NULL,
    held_until  bigint NOT NULL, -- no blob is deleted before
    finished_at bigint,
    messages    bigint NOT NULL DEFAULT 0,
    files       bigint NOT NULL DEFAULT 0,
    bytes       bigint NOT NULL DEFAULT 0 -- of the archive
);

-- A node claims a blob before it deletes it: it moves due ahead. While a backup runs no
-- row can be claimed. The database enforces this because nodes of older versions do not
-- know of backups.
CREATE FUNCTION hold_blobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM backups WHERE held_until > extract(epoch FROM clock_timestamp()) * 1000) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER doomed_blobs_held BEFORE UPDATE ON doomed_blobs
    FOR EACH ROW WHEN (NEW.due > OLD.due) EXECUTE FUNCTION hold_blobs();

-- The blob of an avatar is deleted like all others: its key is scheduled in the
-- transaction that removes it from the user.
CREATE FUNCTION doom_avatar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO doomed_blobs (blob_key, due) VALUES ('avatars/' || OLD.avatar_key, 0)
    ON CONFLICT (blob_key) DO UPDATE SET due = 0;
    DELETE FROM blob_sizes WHERE blob_key = 'avatars/' || OLD.avatar_key;
    RETURN NULL;
END $$;
CREATE TRIGGER users_doom_avatar AFTER UPDATE OF avatar_key ON users
    FOR EACH ROW WHEN (OLD.avatar_key <> '' AND OLD.avatar_key <> NEW.avatar_key) EXECUTE FUNCTION doom_avatar();
INSERT INTO doomed_blobs (blob_key, due) SELECT 'avatars/' || old_avatar, 0 FROM users WHERE old_avatar <> ''
ON CONFLICT (blob_key) DO NOTHING;
