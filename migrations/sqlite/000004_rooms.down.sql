DELETE FROM rooms WHERE id IN (SELECT room_id FROM direct_rooms);
DROP TABLE direct_rooms;
DROP TABLE invites;
DROP TABLE room_mutes;
DROP TABLE room_bans;
