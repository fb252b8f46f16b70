-- Work for later, which one node at a time does under a lease. Times are Unix milliseconds by
-- the clock of the database.
CREATE TABLE jobs (
    id           integer PRIMARY KEY AUTOINCREMENT,
    kind         text    NOT NULL CHECK (kind <> ''),
    key          text    NOT NULL, -- a kind has one job for each key
    payload      text    NOT NULL,
    created_at   integer NOT NULL,
    run_at       integer NOT NULL, -- not before
    again_at     integer,          -- queued again while it was running, to run at this time
    lease        integer NOT NULL DEFAULT 0, -- counts the leases: an old one changes nothing
    leased_until integer NOT NULL DEFAULT 0,
    holder       text    NOT NULL DEFAULT '', -- the node that had the last lease
    attempts     integer NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- that were started
    last_error   text    NOT NULL DEFAULT '',
    given_up_at  integer,
    CONSTRAINT jobs_kind_key UNIQUE (kind, key)
);
CREATE INDEX jobs_due_idx ON jobs (kind, run_at, id) WHERE given_up_at IS NULL;
