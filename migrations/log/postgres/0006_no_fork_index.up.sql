-- A stream has one event at each revision, and its head is compared before each write: nothing was left for this to refuse.
DROP INDEX events_by_prev_hash;
