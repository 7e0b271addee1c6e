-- What keeps screens fast on large homes.

-- A chunk's points by 256s: extremes, mean, first and last (crates/store/src/metrics/rollup.rs). In a table of its own, so that
-- reading them does not walk past the chunks' blobs. Small chunks have none, nor have those of older versions: read, they are decoded.
CREATE TABLE rollups (
    metric INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    data   BLOB NOT NULL,
    PRIMARY KEY (metric, seq),
    FOREIGN KEY (metric, seq) REFERENCES chunks (metric, seq) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- A run put aside: lists and queries leave it out, nothing is deleted.
ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;

-- A number that grows with every change to a run or its tags, so that a screen reads what changed since it looked, not everything.
-- Metrics, images, checkpoints and events change in transactions that also set their run's heartbeat.
CREATE TABLE revision (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    n    INTEGER NOT NULL
) STRICT;
INSERT INTO revision (only, n) VALUES (1, 0);

ALTER TABLE runs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_by_revision ON runs (revision);

CREATE TRIGGER run_added AFTER INSERT ON runs BEGIN
    UPDATE revision SET n = n + 1;
    UPDATE runs SET revision = (SELECT n FROM revision) WHERE pk = NEW.pk;
END;

CREATE TRIGGER run_changed AFTER UPDATE ON runs WHEN NEW.revision = OLD.revision BEGIN
    UPDATE revision SET n = n + 1;
    UPDATE runs SET revision = (SELECT n FROM revision) WHERE pk = NEW.pk;
END;

CREATE TRIGGER run_deleted AFTER DELETE ON runs BEGIN
    UPDATE revision SET n = n + 1;
END;

CREATE TRIGGER tag_added AFTER INSERT ON tags BEGIN
    UPDATE revision SET n = n + 1;
    UPDATE runs SET revision = (SELECT n FROM revision) WHERE pk = NEW.run;
END;

CREATE TRIGGER tag_removed AFTER DELETE ON tags BEGIN
    UPDATE revision SET n = n + 1;
    UPDATE runs SET revision = (SELECT n FROM revision) WHERE pk = OLD.run;
END;

