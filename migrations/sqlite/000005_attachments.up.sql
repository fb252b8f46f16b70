-- files is how many attachments a message carries: pages without any ask for none.
ALTER TABLE messages ADD COLUMN files integer NOT NULL DEFAULT 0 CHECK (files BETWEEN 0 AND 10);

ALTER TABLE attachments ADD COLUMN position integer NOT NULL DEFAULT 0 CHECK (position >= 0);
ALTER TABLE attachments ADD COLUMN thumb_key text NOT NULL DEFAULT '';
CREATE INDEX attachments_user_id_idx ON attachments (user_id);
CREATE INDEX attachments_unused_idx ON attachments (created_at) WHERE message_id IS NULL;

-- What signs links to files, the same on every node.
ALTER TABLE instance ADD COLUMN link_secret blob;
UPDATE instance SET link_secret = randomblob(32);

-- Blobs that go when they are due. A blob is noted here before it is put and struck
-- off when a row names it; and it comes back when that row goes, whatever takes the
-- row along: its message, its room, its user.
CREATE TABLE doomed_blobs (
    blob_key text    PRIMARY KEY CHECK (blob_key <> ''),
    due      integer NOT NULL
);
CREATE INDEX doomed_blobs_due_idx ON doomed_blobs (due);

CREATE TRIGGER attachments_doom_blobs AFTER DELETE ON attachments FOR EACH ROW BEGIN
    INSERT OR REPLACE INTO doomed_blobs (blob_key, due) VALUES (OLD.blob_key, 0);
    INSERT OR REPLACE INTO doomed_blobs (blob_key, due) SELECT OLD.thumb_key, 0 WHERE OLD.thumb_key <> '';
END;
