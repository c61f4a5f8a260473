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

-- That a frozen cohort was extended by those who spoke of its issue since; append only.
CREATE TABLE improvement.cohort_extension (
    extended_at         timestamptz NOT NULL,
    members_joined      bigint NOT NULL,
    evidence_joined     bigint NOT NULL,
    cohort_extension_id uuid NOT NULL,
    issue_id            uuid NOT NULL,
    tenant_id           text NOT NULL,
    rule                text NOT NULL,
    said_by             text NOT NULL,
    reason              text NOT NULL,
    CONSTRAINT cohort_extension_pkey PRIMARY KEY (tenant_id, cohort_extension_id),
    CONSTRAINT cohort_extension_issue_fkey FOREIGN KEY (tenant_id, issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id),
    CONSTRAINT cohort_extension_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT cohort_extension_rule_check CHECK (rule <> ''),
    CONSTRAINT cohort_extension_joined_check CHECK (members_joined BETWEEN 0 AND evidence_joined)
);
CREATE INDEX cohort_extension_issue_idx ON improvement.cohort_extension (tenant_id, issue_id, cohort_extension_id);

-- Who joined by it.
ALTER TABLE improvement.cohort_member
    ADD COLUMN extended_by uuid,
    ADD CONSTRAINT cohort_member_extended_by_fkey FOREIGN KEY (tenant_id, extended_by)
        REFERENCES improvement.cohort_extension (tenant_id, cohort_extension_id),
    ADD CONSTRAINT cohort_member_brought_check CHECK (joined_by IS NULL OR extended_by IS NULL);

ALTER TABLE improvement.cohort_extension ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.cohort_extension FORCE ROW LEVEL SECURITY;
CREATE POLICY cohort_extension_tenant ON improvement.cohort_extension
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
