-- What a run produces: points, images, checkpoints, events, log lines.

-- One row per run and metric key, with its summary. NULL stands for NaN, which SQLite cannot hold.
CREATE TABLE metrics (
    pk         INTEGER PRIMARY KEY NOT NULL,
    run        INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    points     INTEGER NOT NULL,
    last_step  INTEGER NOT NULL, -- the greatest step, and the value that arrived last for it
    last_value REAL,
    min_value  REAL, -- of the finite values; NULL where there is none
    max_value  REAL,
    UNIQUE (run, key)
) STRICT;

-- The points of one metric, thousands to a row, as columns in a blob (crates/store/src/metrics/codec.rs).
-- `seq` counts up in order of arrival. The other columns let range reads and rewinds skip the blob.
CREATE TABLE chunks (
    metric     INTEGER NOT NULL REFERENCES metrics (pk) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    points     INTEGER NOT NULL,
    first_step INTEGER NOT NULL, -- the least
    last_step  INTEGER NOT NULL, -- the greatest, and the value that arrived last for it
    last_value REAL,
    min_value  REAL,
    max_value  REAL,
    data       BLOB NOT NULL,
    PRIMARY KEY (metric, seq)
) STRICT;

-- The newest points of a live run: one row per flush with all its metrics, folded into chunks every so often.
CREATE TABLE tails (
    run    INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    seq    INTEGER NOT NULL,
    points INTEGER NOT NULL,
    data   BLOB NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT;

CREATE TABLE images (
    run     INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    path    TEXT NOT NULL, -- relative to the run's folder
    step    INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    wall    REAL NOT NULL,
    role    TEXT NOT NULL,
    probe   INTEGER NOT NULL,
    caption TEXT NOT NULL,
    width   INTEGER NOT NULL,
    height  INTEGER NOT NULL,
    PRIMARY KEY (run, path)
) STRICT;

CREATE INDEX images_by_step ON images (run, step, probe, role);

CREATE TABLE checkpoints (
    run   INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    path  TEXT NOT NULL, -- relative to the run's folder
    step  INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    wall  REAL NOT NULL,
    kind  TEXT NOT NULL CHECK (kind IN ('last', 'best', 'periodic')),
    bytes INTEGER NOT NULL,
    score REAL,
    PRIMARY KEY (run, path)
) STRICT;

-- The run's history: created, claimed, started, rewound, epoch, ended, crashed, ...
CREATE TABLE events (
    pk     INTEGER PRIMARY KEY NOT NULL,
    run    INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    wall   REAL NOT NULL,
    kind   TEXT NOT NULL,
    step   INTEGER NOT NULL,
    epoch  INTEGER NOT NULL,
    detail TEXT
) STRICT;

CREATE INDEX events_by_run ON events (run);

CREATE TABLE log_lines (
    pk      INTEGER PRIMARY KEY NOT NULL,
    run     INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    wall    REAL NOT NULL,
    level   TEXT NOT NULL CHECK (level IN ('info', 'warn', 'error')),
    message TEXT NOT NULL
) STRICT;

CREATE INDEX log_lines_by_run ON log_lines (run);
