-- Which issue comes first and why, what employees add to it, and issues that are the same or have to do with each other.

ALTER TABLE improvement.issue
    ADD COLUMN priority double precision NOT NULL DEFAULT 0,
    -- When it was computed, and everything it was computed from; empty for issues that are older than this and were not
    -- looked at since.
    ADD COLUMN prioritised_at timestamptz,
    -- The version of the worth parameters it was computed with; 0 for none.
    ADD COLUMN priority_parameters int NOT NULL DEFAULT 0,
    ADD COLUMN priority_record jsonb,
    -- Employees who reported the same, by groups.
    ADD COLUMN employee_reporters bigint NOT NULL DEFAULT 0,
    ADD COLUMN merged_into uuid,
    ADD CONSTRAINT issue_priority_check CHECK (priority >= 0),
    ADD CONSTRAINT issue_prioritised_at_check CHECK ((prioritised_at IS NULL) = (priority_record IS NULL)),
    ADD CONSTRAINT issue_merged_into_fkey FOREIGN KEY (tenant_id, merged_into)
        REFERENCES improvement.issue (tenant_id, issue_id),
    ADD CONSTRAINT issue_merged_into_check CHECK ((state = 'merged') = (merged_into IS NOT NULL) AND merged_into <> issue_id),
    DROP CONSTRAINT issue_origin_check,
    ADD CONSTRAINT issue_origin_check CHECK (origin IN ('detected', 'reported', 'employees')),
    DROP CONSTRAINT issue_state_check,
    ADD CONSTRAINT issue_state_check CHECK (state IN ('open', 'in_work', 'resolved', 'merged'));
CREATE INDEX issue_priority_idx ON improvement.issue (tenant_id, priority, issue_id);
CREATE INDEX issue_topic_idx ON improvement.issue (tenant_id, topic_id) WHERE state IN ('open', 'in_work', 'merged');

-- What customers say about a topic of a product on a day, as it was heard; rows without a topic count everything heard.
-- Days older than a priority looks back are neither counted nor kept.
CREATE TABLE improvement.mention_day (
    day       date   NOT NULL,
    -- Not positive: what hot issues are found from.
    mentions  bigint NOT NULL,
    -- Those of which the engine was sure how they feel, and how many of these are negative.
    judged    bigint NOT NULL,
    negative  bigint NOT NULL,
    tenant_id text   NOT NULL,
    topic_id  text   NOT NULL,
    product   text   NOT NULL,
    CONSTRAINT mention_day_pkey PRIMARY KEY (tenant_id, topic_id, day, product),
    CONSTRAINT mention_day_negative_check CHECK (negative BETWEEN 0 AND judged),
    CONSTRAINT mention_day_mentions_check CHECK (mentions >= 0)
) WITH (fillfactor = 80);

-- What employees reported about an issue: how many, and nothing else. The floor holds here as it does where they are
-- released.
CREATE TABLE improvement.employee_group (
    released_at     timestamptz NOT NULL,
    report_group_id uuid NOT NULL,
    issue_id        uuid NOT NULL,
    reporters       int  NOT NULL,
    tenant_id       text NOT NULL,
    CONSTRAINT employee_group_pkey PRIMARY KEY (tenant_id, report_group_id),
    CONSTRAINT employee_group_issue_fkey FOREIGN KEY (tenant_id, issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id),
    CONSTRAINT employee_group_reporters_check CHECK (reporters >= 5 AND reporters % 5 = 0)
);
CREATE INDEX employee_group_issue_idx ON improvement.employee_group (tenant_id, issue_id);

-- That issues have to do with each other; append only. A merge has its rule and what joined by it.
CREATE TABLE improvement.issue_relation (
    related_at        timestamptz NOT NULL,
    members_joined    bigint NOT NULL,
    evidence_joined   bigint NOT NULL,
    issue_relation_id uuid NOT NULL,
    from_issue_id     uuid NOT NULL,
    to_issue_id       uuid NOT NULL,
    tenant_id         text NOT NULL,
    kind              text NOT NULL,
    said_by           text NOT NULL,
    reason            text NOT NULL,
    rule              text NOT NULL,
    CONSTRAINT issue_relation_pkey PRIMARY KEY (tenant_id, issue_relation_id),
    CONSTRAINT issue_relation_key UNIQUE (tenant_id, from_issue_id, kind, to_issue_id),
    CONSTRAINT issue_relation_from_fkey FOREIGN KEY (tenant_id, from_issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id),
    CONSTRAINT issue_relation_to_fkey FOREIGN KEY (tenant_id, to_issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id),
    CONSTRAINT issue_relation_kind_check CHECK (kind IN ('related', 'causes', 'part_of', 'merged_into')),
    CONSTRAINT issue_relation_ends_check CHECK (from_issue_id <> to_issue_id),
    CONSTRAINT issue_relation_rule_check CHECK ((kind = 'merged_into') = (rule <> ''))
);
CREATE INDEX issue_relation_to_idx ON improvement.issue_relation (tenant_id, to_issue_id);

-- Who joined a frozen cohort, and by which merge.
ALTER TABLE improvement.cohort_member
    ADD COLUMN joined_by uuid,
    ADD CONSTRAINT cohort_member_joined_by_fkey FOREIGN KEY (tenant_id, joined_by)
        REFERENCES improvement.issue_relation (tenant_id, issue_relation_id);

ALTER TABLE improvement.mention_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.mention_day FORCE ROW LEVEL SECURITY;
CREATE POLICY mention_day_tenant ON improvement.mention_day
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.employee_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.employee_group FORCE ROW LEVEL SECURITY;
CREATE POLICY employee_group_tenant ON improvement.employee_group
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.issue_relation ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.issue_relation FORCE ROW LEVEL SECURITY;
CREATE POLICY issue_relation_tenant ON improvement.issue_relation
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
