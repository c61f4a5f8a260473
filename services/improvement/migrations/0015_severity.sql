-- How bad an issue is for one person whom it hits: what holds, and how it was assessed each time.

ALTER TABLE improvement.issue
    -- Null where nobody said and the rule knows too little.
    ADD COLUMN severity text,
    -- Whether a person's word stands above the rule.
    ADD COLUMN severity_by_person boolean NOT NULL DEFAULT false,
    -- When what holds was recorded; null for issues that were not looked at since this is assessed.
    ADD COLUMN severity_assessed_at timestamptz,
    ADD CONSTRAINT issue_severity_check CHECK (severity IN ('minor', 'moderate', 'major', 'critical')),
    ADD CONSTRAINT issue_severity_by_person_check CHECK (NOT severity_by_person OR severity IS NOT NULL),
    -- Feelings cannot tell harm from anger.
    ADD CONSTRAINT issue_severity_critical_check CHECK (severity <> 'critical' OR severity_by_person),
    ADD CONSTRAINT issue_severity_assessed_at_check CHECK (severity IS NULL OR severity_assessed_at IS NOT NULL);

-- Append only.
CREATE TABLE improvement.severity_assessment (
    assessed_at            timestamptz NOT NULL,
    severity_assessment_id uuid NOT NULL,
    issue_id               uuid NOT NULL,
    by_person              boolean NOT NULL,
    tenant_id              text NOT NULL,
    -- What holds from then on, and what the rule says; null where it knows too little.
    severity               text,
    severity_by_rule       text,
    -- Empty where the rule moved.
    said_by                text NOT NULL,
    reason                 text NOT NULL,
    rule                   text NOT NULL,
    explanation            text NOT NULL,
    inputs                 jsonb NOT NULL,
    CONSTRAINT severity_assessment_pkey PRIMARY KEY (tenant_id, severity_assessment_id),
    CONSTRAINT severity_assessment_issue_fkey FOREIGN KEY (tenant_id, issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id),
    CONSTRAINT severity_assessment_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT severity_assessment_severity_check CHECK (severity IN ('minor', 'moderate', 'major', 'critical')),
    CONSTRAINT severity_assessment_by_rule_check CHECK (severity_by_rule IN ('minor', 'moderate', 'major')),
    CONSTRAINT severity_assessment_by_person_check CHECK (
        CASE WHEN by_person THEN severity IS NOT NULL AND said_by <> ''
             ELSE severity IS NOT DISTINCT FROM severity_by_rule END),
    CONSTRAINT severity_assessment_reason_check CHECK ((said_by = '') = (reason = '')),
    CONSTRAINT severity_assessment_rule_check CHECK (rule <> '')
);
CREATE INDEX severity_assessment_issue_idx
    ON improvement.severity_assessment (tenant_id, issue_id, severity_assessment_id);

ALTER TABLE improvement.severity_assessment ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.severity_assessment FORCE ROW LEVEL SECURITY;
CREATE POLICY severity_assessment_tenant ON improvement.severity_assessment
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
