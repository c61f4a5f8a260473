-- What customers say about an issue after its cohort was fixed: evidence that grows, beside the evidence that stays.

-- Feedback that was heard while the issue was open or in work, speaks of its topic and product, and is none of the evidence
-- that its cohort was made from. It has no foreign key to the issue: that would lock the issue's row for each piece that is
-- heard, and whoever works on the issue would wait for what customers say. Issues are never deleted.
CREATE TABLE improvement.later_evidence (
    heard_at    timestamptz NOT NULL,
    issue_id    uuid NOT NULL,
    feedback_id uuid NOT NULL,
    -- Who said it; null where nobody knows.
    profile_id  uuid,
    tenant_id   text NOT NULL,
    CONSTRAINT later_evidence_pkey PRIMARY KEY (tenant_id, issue_id, feedback_id),
    CONSTRAINT later_evidence_tenant_id_check CHECK (tenant_id <> '')
);
CREATE INDEX later_evidence_profile_idx ON improvement.later_evidence (tenant_id, issue_id, profile_id, feedback_id);
CREATE INDEX later_evidence_feedback_idx ON improvement.later_evidence (tenant_id, feedback_id);

-- How much of it there was when the priority was computed; null where it was not since this is counted.
ALTER TABLE improvement.issue ADD COLUMN later_evidence jsonb;

ALTER TABLE improvement.later_evidence ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.later_evidence FORCE ROW LEVEL SECURITY;
CREATE POLICY later_evidence_tenant ON improvement.later_evidence
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
