-- Who made a webhook: it is active while its maker may manage webhooks in the room.
-- NULL: an old node made it, or its maker is unknown; then it is the room owner's.
-- pause_noticed is true once the room has been informed that it is paused.
ALTER TABLE incoming_hooks
    ADD COLUMN created_by    bigint REFERENCES users (id),
    ADD COLUMN pause_noticed boolean NOT NULL DEFAULT false;
ALTER TABLE outgoing_hooks
    ADD COLUMN created_by    bigint REFERENCES users (id),
    ADD COLUMN pause_noticed boolean NOT NULL DEFAULT false;
ALTER TABLE invites
    ADD COLUMN pause_noticed boolean NOT NULL DEFAULT false;

-- The audit log knows the makers.
UPDATE incoming_hooks SET created_by = a.actor_id FROM audit a
    WHERE a.action = 'webhook.make' AND a.room_id = incoming_hooks.room_id
    AND a.detail LIKE 'incoming ' || incoming_hooks.id || ':%' AND a.actor_id IN (SELECT id FROM users);
UPDATE outgoing_hooks SET created_by = a.actor_id FROM audit a
    WHERE a.action = 'webhook.make' AND a.room_id = outgoing_hooks.room_id
    AND a.detail LIKE 'outgoing ' || outgoing_hooks.id || ':%' AND a.actor_id IN (SELECT id FROM users);
