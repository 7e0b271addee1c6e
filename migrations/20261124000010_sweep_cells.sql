-- Which cell of which sweep a run is: a row per factor. A run may be a cell of several sweeps.
CREATE TABLE cells (
    run      INTEGER NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
    sweep    TEXT NOT NULL,
    factor   TEXT NOT NULL, -- a dotted key of the experiment, or the name of a group of variants
    position INTEGER NOT NULL, -- of the factor in the sweep's file, from 0
    value    TEXT NOT NULL, -- JSON: a number, text, true or false
    PRIMARY KEY (run, sweep, factor)
) STRICT, WITHOUT ROWID;
