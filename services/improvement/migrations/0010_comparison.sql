-- A verdict compares with feedback about which nothing was changed, where somebody can name such feedback.

-- Where the change is made and where it is not; null where nobody named anything.
ALTER TABLE improvement.initiative ADD COLUMN comparison jsonb;

-- The series of where it is not, frozen with that of where it is; null where the plan has no comparison.
ALTER TABLE improvement.iteration ADD COLUMN comparison_baseline jsonb,
    ADD CONSTRAINT iteration_comparison_baseline_check CHECK (comparison_baseline IS NULL OR baseline IS NOT NULL);
