SET LOCAL lock_timeout = '1s'; -- a migration that waits for a table makes its writers wait

-- Work for later, which one node at a time does under a lease. Times are Unix milliseconds by
-- the clock of the database, which all nodes share.
CREATE TABLE jobs (
    id           bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text    NOT NULL CHECK (kind <> ''),
    key          text    NOT NULL, -- a kind has one job for each key
    payload      text    NOT NULL,
    created_at   bigint  NOT NULL,
    run_at       bigint  NOT NULL, -- not before
    again_at     bigint,           -- queued again while it was running, to run at this time
    lease        bigint  NOT NULL DEFAULT 0, -- counts the leases: an old one changes nothing
    leased_until bigint  NOT NULL DEFAULT 0,
    holder       text    NOT NULL DEFAULT '', -- the node that had the last lease
    attempts     integer NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- that were started
    last_error   text    NOT NULL DEFAULT '',
    given_up_at  bigint,
    CONSTRAINT jobs_kind_key UNIQUE (kind, key)
);
CREATE INDEX jobs_due_idx ON jobs (kind, run_at, id) WHERE given_up_at IS NULL;
