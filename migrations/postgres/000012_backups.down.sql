DROP TRIGGER users_doom_avatar ON users;
DROP FUNCTION doom_avatar;
DROP TRIGGER doomed_blobs_held ON doomed_blobs;
DROP FUNCTION hold_blobs;
DROP TABLE backups;
