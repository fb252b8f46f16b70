DROP INDEX messages_room_id_id_idx;
DROP INDEX messages_search_idx;
DROP FUNCTION search_pattern;
DROP FUNCTION search_fold;
DROP TABLE mentions;
