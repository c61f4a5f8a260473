-- What the texts of each theme mean, beside what its themes have learnt of words. A column of its own, because a process of
-- the release before reads and writes `state` while this one is rolled out, and would begin anew with another form of it. What
-- it leaves behind here is a little older than the state; the engine goes by what is there.
ALTER TABLE feedback.theme_state ADD COLUMN meanings bytea;
