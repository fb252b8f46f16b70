DROP TRIGGER users_doom_avatar;
DROP TRIGGER doomed_blobs_held;
DROP TABLE backups;
