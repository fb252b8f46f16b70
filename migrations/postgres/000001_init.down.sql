DROP TABLE attachments, reactions, messages, room_members, rooms, sessions, users, instance;
