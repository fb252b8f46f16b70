-- What is stored, for quotas.

-- The size of each blob that a row refers to.
CREATE TABLE blob_sizes (
    blob_key text    PRIMARY KEY CHECK (blob_key <> ''),
    bytes    integer NOT NULL CHECK (bytes >= 0)
);
INSERT INTO blob_sizes (blob_key, bytes) SELECT blob_key, size FROM attachments;

-- All stored bytes: the total, and what has changed since it was last brought up to date.
CREATE TABLE storage_total (
    id    integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    bytes integer NOT NULL
);
INSERT INTO storage_total (bytes) SELECT COALESCE(sum(bytes), 0) FROM blob_sizes;
CREATE TABLE storage_changes (
    id    integer PRIMARY KEY AUTOINCREMENT,
    bytes integer NOT NULL
);
CREATE TRIGGER blob_sizes_added AFTER INSERT ON blob_sizes FOR EACH ROW BEGIN
    INSERT INTO storage_changes (bytes) VALUES (NEW.bytes);
END;
CREATE TRIGGER blob_sizes_removed AFTER DELETE ON blob_sizes FOR EACH ROW BEGIN
    INSERT INTO storage_changes (bytes) VALUES (-OLD.bytes);
END;

-- A blob whose attachment is deleted is no longer stored.
CREATE TRIGGER attachments_uncount_blobs AFTER DELETE ON attachments FOR EACH ROW BEGIN
    DELETE FROM blob_sizes WHERE blob_key IN (OLD.blob_key, OLD.thumb_key);
END;

-- The bytes that a user has written on a day, counted from 1 January 1970 in UTC. It
-- never shrinks, whatever is deleted.
CREATE TABLE upload_days (
    user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day     integer NOT NULL,
    bytes   integer NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (user_id, day)
);
CREATE INDEX upload_days_day_idx ON upload_days (day);
