CREATE OR REPLACE FUNCTION doom_blobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO doomed_blobs (blob_key, due)
    SELECT key, 0 FROM (VALUES (OLD.blob_key), (OLD.thumb_key)) AS k (key) WHERE key <> ''
    ON CONFLICT (blob_key) DO UPDATE SET due = 0;
    RETURN NULL;
END $$;
DROP TABLE upload_days;
DROP TABLE blob_sizes;
DROP FUNCTION count_blob();
DROP TABLE storage_changes;
DROP TABLE storage_total;
