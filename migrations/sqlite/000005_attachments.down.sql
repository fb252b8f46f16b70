DROP TRIGGER attachments_doom_blobs;
DROP TABLE doomed_blobs;
ALTER TABLE instance DROP COLUMN link_secret;
DROP INDEX attachments_unused_idx;
DROP INDEX attachments_user_id_idx;
ALTER TABLE attachments DROP COLUMN thumb_key;
ALTER TABLE attachments DROP COLUMN position;
ALTER TABLE messages DROP COLUMN files;
