DROP TABLE message_rendering;
