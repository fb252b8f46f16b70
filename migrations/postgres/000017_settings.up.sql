-- Settings that an admin has set, by the names of their variables, in the syntax of the environment.
-- Limits stay in the table limits, which nodes of older versions read and write.
CREATE TABLE settings (
    name  text PRIMARY KEY,
    value text NOT NULL CHECK (value <> '')
);
