-- Backups that are running, and the last one that finished. Times are Unix milliseconds.
CREATE TABLE backups (
    id          text    PRIMARY KEY CHECK (id <> ''),
    started_at  integer NOT NULL,
    held_until  integer NOT NULL, -- no blob is deleted before
    finished_at integer,
    messages    integer NOT NULL DEFAULT 0,
    files       integer NOT NULL DEFAULT 0,
    bytes       integer NOT NULL DEFAULT 0 -- of the archive
);

-- A node claims a blob before it deletes it: it moves due ahead. While a backup runs no
-- row can be claimed.
CREATE TRIGGER doomed_blobs_held BEFORE UPDATE OF due ON doomed_blobs
    WHEN NEW.due > OLD.due AND EXISTS (SELECT 1 FROM backups WHERE held_until > unixepoch('subsec') * 1000) BEGIN
    SELECT RAISE(IGNORE);
END;

-- The blob of an avatar is deleted like all others: its key is scheduled in the
-- transaction that removes it from the user.
CREATE TRIGGER users_doom_avatar AFTER UPDATE OF avatar_key ON users
    WHEN OLD.avatar_key <> '' AND OLD.avatar_key <> NEW.avatar_key BEGIN
    INSERT OR REPLACE INTO doomed_blobs (blob_key, due) VALUES ('avatars/' || OLD.avatar_key, 0);
    DELETE FROM blob_sizes WHERE blob_key = 'avatars/' || OLD.avatar_key;
END;
INSERT OR REPLACE INTO doomed_blobs (blob_key, due) SELECT 'avatars/' || old_avatar, 0 FROM users WHERE old_avatar <> '';
