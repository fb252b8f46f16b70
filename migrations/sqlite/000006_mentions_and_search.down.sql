DROP INDEX messages_room_id_id_idx;
DROP TRIGGER messages_written;
DROP TRIGGER messages_unwritten;
DROP TRIGGER messages_rewritten;
DROP TABLE messages_search;
DROP VIEW written;
DROP TABLE mentions;
