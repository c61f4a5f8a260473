-- An issue of one product whose topic becomes hot elsewhere too is widened once, by a recorded rule, and its cohort
-- extended with it.

ALTER TABLE feedback.hot_issue ADD COLUMN widened_at timestamptz;
-- When a person, or a mention of nobody known, came in by the widening; null for those it was opened with.
ALTER TABLE feedback.cohort_member ADD COLUMN widened_at timestamptz;
ALTER TABLE feedback.cohort_anonymous ADD COLUMN widened_at timestamptz;
