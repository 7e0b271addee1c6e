-- Points that a rewind took out of a run's history: a run that resumes at an older checkpoint makes them again. They are kept, out
-- of the way of everything that reads a run's metrics.

CREATE TABLE rewinds (
    pk   INTEGER PRIMARY KEY NOT NULL,
    run  INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    wall REAL NOT NULL,
    step INTEGER NOT NULL -- the last one that stayed
) STRICT;

CREATE INDEX rewinds_by_run ON rewinds (run);

CREATE TABLE superseded (
    rewind INTEGER NOT NULL REFERENCES rewinds (pk) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    seq    INTEGER NOT NULL, -- that of the chunk which the points were in
    points INTEGER NOT NULL,
    data   BLOB NOT NULL,
    PRIMARY KEY (rewind, key, seq)
) STRICT;

CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL;
