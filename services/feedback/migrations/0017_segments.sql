-- Numbers of feedback by the customer segments that the person was in: a facet of which a piece may have several values.
--
-- What was recorded before counts by agent, team, stage and language (0015) and in no segment, and so does what a process
-- of the version before records while this one is rolled out. A number of a segment says how much of the window's
-- feedback that is: what a row has beyond `segmented`.

-- As the caller named them, in that order; empty where nobody named any, null where the feedback counts in no segment.
ALTER TABLE feedback.feedback ADD COLUMN segments text[];
ALTER TABLE feedback.feedback ADD CONSTRAINT feedback_segments_check
    CHECK (segments IS NULL OR (stage IS NOT NULL AND cardinality(segments) <= 10)) NOT VALID;
-- The same of the occasion; null where a process of the version before made the invitation, whose answers then count in
-- no segment either.
ALTER TABLE feedback.invitation ADD COLUMN segments text[];
ALTER TABLE feedback.invitation ADD CONSTRAINT invitation_segments_check CHECK (cardinality(segments) <= 10) NOT VALID;

-- How much of a row counts in segments too.
ALTER TABLE feedback.slice_count ADD COLUMN segmented bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.rating_count ADD COLUMN segmented bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.coded_slice_count ADD COLUMN segmented bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.coded_rating_count ADD COLUMN segmented bigint NOT NULL DEFAULT 0;

-- A row for each segment of a piece, besides those of its other facets. What is there fits the narrower check already.
ALTER TABLE feedback.facet_count
    DROP CONSTRAINT facet_count_facet_check,
    ADD CONSTRAINT facet_count_facet_check
        CHECK (facet IN ('agent', 'team', 'stage', 'language', 'segment')) NOT VALID;
ALTER TABLE feedback.facet_rating_count
    DROP CONSTRAINT facet_rating_count_facet_check,
    ADD CONSTRAINT facet_rating_count_facet_check
        CHECK (facet IN ('agent', 'team', 'stage', 'language', 'segment')) NOT VALID;
