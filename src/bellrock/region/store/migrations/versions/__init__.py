"""One file per step; a step, once shipped, is never edited."""
