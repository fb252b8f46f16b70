DROP TRIGGER attachments_uncount_blobs;
DROP TABLE upload_days;
DROP TABLE blob_sizes;
DROP TABLE storage_changes;
DROP TABLE storage_total;
