-- Which messages `chillin admin render` has rendered: those up to rendered, of those up to
-- newest, with the version rules of the Markdown rules.
CREATE TABLE message_rendering (
    id       integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    rules    integer NOT NULL DEFAULT 0,
    rendered integer NOT NULL DEFAULT 0,
    newest   integer NOT NULL DEFAULT 0
);
INSERT INTO message_rendering (id) VALUES (1);
