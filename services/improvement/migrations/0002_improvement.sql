-- What the company does about its customers' problems, and whether it helped.

-- A problem of customers, found by the platform or reported by a person. `events` counts what was told about
-- it, `version` what a reader can see.
CREATE TABLE improvement.issue (
    opened_at     timestamptz NOT NULL,
    window_start  timestamptz,
    closed_at     timestamptz,
    subsided_at   timestamptz,
    version       bigint      NOT NULL,
    events        bigint      NOT NULL,
    cohort_size   bigint      NOT NULL,
    evidence_size bigint      NOT NULL,
    p_value       double precision,
    issue_id      uuid        NOT NULL,
    hot_issue_id  uuid,
    cohort_frozen boolean     NOT NULL,
    tenant_id     text        NOT NULL,
    origin        text        NOT NULL,
    state         text        NOT NULL,
    title         text        NOT NULL,
    description   text        NOT NULL,
    topic_id      text        NOT NULL,
    product       text        NOT NULL,
    quotes        text[]      NOT NULL,
    CONSTRAINT issue_pkey PRIMARY KEY (tenant_id, issue_id),
    -- One problem once, however often its discovery is told.
    CONSTRAINT issue_hot_issue_key UNIQUE (tenant_id, hot_issue_id),
    CONSTRAINT issue_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT issue_version_check CHECK (version > 0),
    CONSTRAINT issue_origin_check CHECK (origin IN ('detected', 'reported')),
    CONSTRAINT issue_state_check CHECK (state IN ('open', 'in_work', 'resolved')),
    CONSTRAINT issue_closed_at_check CHECK ((state = 'resolved') = (closed_at IS NOT NULL))
);

-- The parts of a cohort that have arrived: a part that comes again changes nothing.
CREATE TABLE improvement.cohort_part (
    issue_id  uuid NOT NULL,
    part      int  NOT NULL,
    tenant_id text NOT NULL,
    CONSTRAINT cohort_part_pkey PRIMARY KEY (tenant_id, issue_id, part),
    CONSTRAINT cohort_part_issue_fkey FOREIGN KEY (tenant_id, issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id)
);

-- The persons an issue hit.
CREATE TABLE improvement.cohort_member (
    issue_id   uuid NOT NULL,
    profile_id uuid NOT NULL,
    tenant_id  text NOT NULL,
    CONSTRAINT cohort_member_pkey PRIMARY KEY (tenant_id, issue_id, profile_id),
    CONSTRAINT cohort_member_issue_fkey FOREIGN KEY (tenant_id, issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id)
);

-- The feedback that speaks of an issue; without a profile where nobody knows who said it.
CREATE TABLE improvement.evidence (
    issue_id    uuid NOT NULL,
    feedback_id uuid NOT NULL,
    profile_id  uuid,
    tenant_id   text NOT NULL,
    CONSTRAINT evidence_pkey PRIMARY KEY (tenant_id, issue_id, feedback_id),
    CONSTRAINT evidence_issue_fkey FOREIGN KEY (tenant_id, issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id)
);
CREATE INDEX evidence_profile_idx ON improvement.evidence (tenant_id, issue_id, profile_id, feedback_id);
CREATE INDEX evidence_feedback_idx ON improvement.evidence (tenant_id, feedback_id);

-- What the company does about an issue.
CREATE TABLE improvement.initiative (
    created_at     timestamptz NOT NULL,
    version        bigint      NOT NULL,
    events         bigint      NOT NULL,
    initiative_id  uuid        NOT NULL,
    issue_id       uuid        NOT NULL,
    tenant_id      text        NOT NULL,
    state          text        NOT NULL,
    title          text        NOT NULL,
    hypothesis     text        NOT NULL,
    owner          text        NOT NULL,
    stopped_reason text        NOT NULL,
    departments    jsonb       NOT NULL,
    target         jsonb       NOT NULL,
    CONSTRAINT initiative_pkey PRIMARY KEY (tenant_id, initiative_id),
    CONSTRAINT initiative_issue_fkey FOREIGN KEY (tenant_id, issue_id)
        REFERENCES improvement.issue (tenant_id, issue_id),
    CONSTRAINT initiative_version_check CHECK (version > 0),
    CONSTRAINT initiative_state_check CHECK (state IN ('planned', 'rolled_out', 'effective', 'stopped'))
);
-- Two initiatives at once on one issue could not be told apart in its numbers.
CREATE UNIQUE INDEX initiative_live_key ON improvement.initiative (tenant_id, issue_id) WHERE state <> 'stopped';
CREATE INDEX initiative_issue_idx ON improvement.initiative (tenant_id, issue_id, initiative_id);

-- One try. Plan and baseline are written once, at the rollout; the baseline is the series itself, so that
-- every later verdict compares with the same numbers.
CREATE TABLE improvement.iteration (
    rolled_out_at timestamptz,
    initiative_id uuid NOT NULL,
    template_id   uuid,
    number        int  NOT NULL,
    looks_done    int  NOT NULL,
    tenant_id     text NOT NULL,
    change        text NOT NULL,
    reason        text NOT NULL,
    plan          jsonb,
    baseline      jsonb,
    CONSTRAINT iteration_pkey PRIMARY KEY (tenant_id, initiative_id, number),
    CONSTRAINT iteration_initiative_fkey FOREIGN KEY (tenant_id, initiative_id)
        REFERENCES improvement.initiative (tenant_id, initiative_id),
    CONSTRAINT iteration_number_check CHECK (number > 0),
    CONSTRAINT iteration_plan_check
        CHECK ((rolled_out_at IS NULL) = (plan IS NULL) AND (plan IS NULL) = (baseline IS NULL))
);

-- Something that is done for an iteration.
CREATE TABLE improvement.action (
    due_at        timestamptz,
    completed_at  timestamptz,
    action_id     uuid NOT NULL,
    initiative_id uuid NOT NULL,
    iteration     int  NOT NULL,
    tenant_id     text NOT NULL,
    title         text NOT NULL,
    owner         text NOT NULL,
    evidence      text NOT NULL,
    CONSTRAINT action_pkey PRIMARY KEY (tenant_id, initiative_id, iteration, action_id),
    CONSTRAINT action_iteration_fkey FOREIGN KEY (tenant_id, initiative_id, iteration)
        REFERENCES improvement.iteration (tenant_id, initiative_id, number)
);

-- Every statement ever made about an iteration, with what it was computed from; append only.
CREATE TABLE improvement.verdict (
    decided_at    timestamptz NOT NULL,
    initiative_id uuid  NOT NULL,
    iteration     int   NOT NULL,
    statement     int   NOT NULL,
    tenant_id     text  NOT NULL,
    decision      text  NOT NULL,
    verdict       jsonb NOT NULL,
    record        jsonb NOT NULL,
    CONSTRAINT verdict_pkey PRIMARY KEY (tenant_id, initiative_id, iteration, statement),
    CONSTRAINT verdict_iteration_fkey FOREIGN KEY (tenant_id, initiative_id, iteration)
        REFERENCES improvement.iteration (tenant_id, initiative_id, number),
    CONSTRAINT verdict_decision_check
        CHECK (decision IN ('effective', 'ineffective', 'inconclusive', 'not_yet'))
);

-- What each person of the cohort was told about an iteration. The rows are made at the rollout, so that their
-- sum is the cohort from the first moment.
CREATE TABLE improvement.telling (
    decided_at    timestamptz,
    initiative_id uuid NOT NULL,
    iteration     int  NOT NULL,
    profile_id    uuid NOT NULL,
    message_id    uuid,
    tenant_id     text NOT NULL,
    state         text NOT NULL,
    reason        text NOT NULL,
    CONSTRAINT telling_pkey PRIMARY KEY (tenant_id, initiative_id, iteration, profile_id),
    CONSTRAINT telling_iteration_fkey FOREIGN KEY (tenant_id, initiative_id, iteration)
        REFERENCES improvement.iteration (tenant_id, initiative_id, number),
    CONSTRAINT telling_state_check CHECK (state IN ('pending', 'sent', 'blocked', 'failed')),
    CONSTRAINT telling_decided_at_check CHECK ((state = 'pending') = (decided_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX telling_message_idx ON improvement.telling (tenant_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX telling_state_idx ON improvement.telling (tenant_id, initiative_id, iteration, state, profile_id);

ALTER TABLE improvement.issue ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.issue FORCE ROW LEVEL SECURITY;
CREATE POLICY issue_tenant ON improvement.issue
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.cohort_part ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.cohort_part FORCE ROW LEVEL SECURITY;
CREATE POLICY cohort_part_tenant ON improvement.cohort_part
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.cohort_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.cohort_member FORCE ROW LEVEL SECURITY;
CREATE POLICY cohort_member_tenant ON improvement.cohort_member
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.evidence ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.evidence FORCE ROW LEVEL SECURITY;
CREATE POLICY evidence_tenant ON improvement.evidence
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.initiative ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.initiative FORCE ROW LEVEL SECURITY;
CREATE POLICY initiative_tenant ON improvement.initiative
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.iteration ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.iteration FORCE ROW LEVEL SECURITY;
CREATE POLICY iteration_tenant ON improvement.iteration
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.action ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.action FORCE ROW LEVEL SECURITY;
CREATE POLICY action_tenant ON improvement.action
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.verdict ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.verdict FORCE ROW LEVEL SECURITY;
CREATE POLICY verdict_tenant ON improvement.verdict
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.telling ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.telling FORCE ROW LEVEL SECURITY;
CREATE POLICY telling_tenant ON improvement.telling
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
