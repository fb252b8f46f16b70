DROP TABLE spare_webhook_bots;
DROP INDEX audit_room_at_idx;
DROP INDEX audit_room_id_action_idx;
