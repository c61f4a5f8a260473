-- What is due is looked for by its kind, so that a million timers of one kind do not stand in the way of another.
-- The same file in all five services but for the schema's name.

CREATE INDEX timer_kind_idx ON feedback.timer (kind, due_at);
DROP INDEX feedback.timer_due_at_idx;

-- A lease changes no column of an index: with room on its page for each row once more, the row stays there and the indexes
-- as they are.
ALTER TABLE feedback.timer SET (fillfactor = 50);
