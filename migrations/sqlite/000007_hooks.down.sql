DROP TABLE outgoing_hooks;
DROP TABLE incoming_hooks;
DROP INDEX users_owner_id_idx;
ALTER TABLE users DROP COLUMN owner_id;
