-- Runs and what describes them. Times are seconds since the Unix epoch.
-- Migrations are append-only: a released file never changes; a new need is a new file.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    pk               INTEGER PRIMARY KEY NOT NULL,
    id               TEXT NOT NULL UNIQUE, -- UUID v7 in hex: text order is creation order
    name             TEXT NOT NULL UNIQUE,
    status           TEXT NOT NULL CHECK (
        status IN ('queued', 'running', 'finished', 'stopped', 'failed', 'diverged', 'crashed')
    ),
    message          TEXT,
    model            TEXT NOT NULL,
    note             TEXT NOT NULL DEFAULT '',
    created          REAL NOT NULL,
    updated          REAL NOT NULL,
    step             INTEGER NOT NULL DEFAULT 0,
    epoch            INTEGER NOT NULL DEFAULT 0,
    total_steps      INTEGER NOT NULL DEFAULT 0, -- 0: not known yet
    total_epochs     INTEGER NOT NULL DEFAULT 0,
    device           TEXT NOT NULL,
    spec             TEXT NOT NULL, -- the resolved experiment as canonical JSON
    spec_hash        TEXT NOT NULL, -- BLAKE3 of `spec`, hex
    seed             INTEGER NOT NULL, -- the bits of an unsigned number
    code_version     TEXT NOT NULL,
    data_fingerprint TEXT,
    parent           INTEGER REFERENCES runs (pk) ON DELETE SET NULL,
    parent_step      INTEGER,
    -- Which process trains it. `claim` counts up with every process that takes the run, so that one that was
    -- given up for dead, and replaced, can tell that the run is no longer its own.
    claim            INTEGER NOT NULL DEFAULT 0,
    owner            TEXT, -- JSON: pid, start time, boot id, host, pid namespace; NULL: nobody
    heartbeat        REAL NOT NULL DEFAULT 0,
    stop_requested   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Crash detection looks at the running ones only.
CREATE INDEX runs_by_status ON runs (status);

CREATE TABLE tags (
    run INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (run, tag)
) STRICT, WITHOUT ROWID;

-- Every leaf of the resolved spec under its dotted key (`params.n_layers`, `optim.lr`, `seed`).
CREATE TABLE params (
    run    INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('bool', 'int', 'float', 'text')),
    number REAL, -- bools (0, 1), ints and floats, for comparing
    text   TEXT NOT NULL, -- the exact value
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE environment (
    run   INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
