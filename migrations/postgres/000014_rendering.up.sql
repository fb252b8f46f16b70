SET LOCAL lock_timeout = '1s'; -- a migration that waits for a table makes its writers wait

-- Which messages `chillin admin render` has rendered: those up to rendered, of those up to
-- newest, with the version rules of the Markdown rules.
CREATE TABLE message_rendering (
    id       smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    rules    integer NOT NULL DEFAULT 0,
    rendered bigint  NOT NULL DEFAULT 0,
    newest   bigint  NOT NULL DEFAULT 0
);
INSERT INTO message_rendering (id) VALUES (1);
