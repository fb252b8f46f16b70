-- Of one kind of act in a room only the newest entries of the log are kept, and those
-- only for a while: see store/audit.go.
CREATE INDEX audit_room_id_action_idx ON audit (room_id, action, id) WHERE room_id IS NOT NULL;
CREATE INDEX audit_room_at_idx ON audit (at) WHERE room_id IS NOT NULL;

-- Bots of deleted webhooks that never said anything: the next webhook of the room takes
-- one, so that making and deleting webhooks leaves no users behind.
CREATE TABLE spare_webhook_bots (
    room_id integer NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id integer NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX spare_webhook_bots_room_id_idx ON spare_webhook_bots (room_id);
