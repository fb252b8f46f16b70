DELETE FROM rooms WHERE id IN (SELECT room_id FROM direct_rooms);
DROP TABLE direct_rooms, invites, room_mutes, room_bans;
