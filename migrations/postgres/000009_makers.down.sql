ALTER TABLE invites DROP COLUMN pause_noticed;
ALTER TABLE outgoing_hooks DROP COLUMN pause_noticed, DROP COLUMN created_by;
ALTER TABLE incoming_hooks DROP COLUMN pause_noticed, DROP COLUMN created_by;
