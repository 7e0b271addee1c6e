//! Figures of runs: what is to be drawn (a specification and the numbers), and what draws it. Knows no database.
