-- What is stored, for quotas. No table that sends use is altered or locked here.

-- The size of each blob that a row refers to.
CREATE TABLE blob_sizes (
    blob_key text   PRIMARY KEY CHECK (blob_key <> ''),
    bytes    bigint NOT NULL CHECK (bytes >= 0)
);
INSERT INTO blob_sizes (blob_key, bytes) SELECT blob_key, size FROM attachments;

-- All stored bytes: the total, and what has changed since it was last brought up to
-- date. Changes are rows of their own, so that deletions never wait for each other.
CREATE TABLE storage_total (
    id    smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    bytes bigint NOT NULL
);
INSERT INTO storage_total (bytes) SELECT COALESCE(sum(bytes), 0) FROM blob_sizes;
CREATE TABLE storage_changes (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bytes bigint NOT NULL
);
CREATE FUNCTION count_blob() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO storage_changes (bytes) VALUES (COALESCE(NEW.bytes, 0) - COALESCE(OLD.bytes, 0));
    RETURN NULL;
END $$;
CREATE TRIGGER blob_sizes_count AFTER INSERT OR DELETE ON blob_sizes FOR EACH ROW EXECUTE FUNCTION count_blob();

-- A blob whose attachment is deleted is no longer stored.
CREATE OR REPLACE FUNCTION doom_blobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO doomed_blobs (blob_key, due)
    SELECT key, 0 FROM (VALUES (OLD.blob_key), (OLD.thumb_key)) AS k (key) WHERE key <> ''
    ON CONFLICT (blob_key) DO UPDATE SET due = 0;
    DELETE FROM blob_sizes WHERE blob_key IN (OLD.blob_key, OLD.thumb_key);
    RETURN NULL;
END $$;

-- The bytes that a user has written on a day, counted from 1 January 1970 in UTC. It
-- never shrinks, whatever is deleted.
CREATE TABLE upload_days (
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day     bigint NOT NULL,
    bytes   bigint NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (user_id, day)
);
CREATE INDEX upload_days_day_idx ON upload_days (day);
