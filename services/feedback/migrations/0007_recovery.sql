-- Customers who were let down, one case an occasion, and the company's policies about them.

-- Every policy that ever held, as it was; the one with the highest number holds.
CREATE TABLE feedback.recovery_policy (
    created_at timestamptz NOT NULL,
    number     integer     NOT NULL,
    policy_id  uuid        NOT NULL,
    tenant_id  text        NOT NULL,
    definition jsonb       NOT NULL,
    CONSTRAINT recovery_policy_pkey PRIMARY KEY (tenant_id, number),
    CONSTRAINT recovery_policy_id_key UNIQUE (tenant_id, policy_id),
    CONSTRAINT recovery_policy_number_check CHECK (number >= 1)
);

CREATE TABLE feedback.recovery_case (
    said_at          timestamptz NOT NULL,
    opened_at        timestamptz NOT NULL,
    deadline         timestamptz NOT NULL,
    -- The deadline itself, where it passed on an open case.
    overdue_at       timestamptz,
    resolved_at      timestamptz,
    -- Until when what the customer says tells whether it helped.
    measure_until    timestamptz,
    measured_at      timestamptz,
    version          bigint      NOT NULL,
    measure_days     integer     NOT NULL,
    recovery_case_id uuid        NOT NULL,
    profile_id       uuid        NOT NULL,
    -- Of the feedback that opened it. No foreign key: the customer may take that answer back.
    feedback_id      uuid        NOT NULL,
    interaction_id   uuid,
    -- Of the feedback that told whether it helped.
    evidence_id      uuid,
    tenant_id        text        NOT NULL,
    occasion         text        NOT NULL,
    channel          text        NOT NULL,
    touchpoint       text        NOT NULL,
    product          text        NOT NULL,
    agent_id         text        NOT NULL,
    state            text        NOT NULL,
    owner            text        NOT NULL,
    escalate_to      text        NOT NULL,
    outcome          text,
    done             text        NOT NULL,
    note             text        NOT NULL,
    result           text,
    -- Rule, policy, reasons and assignment: why it was opened, as it was decided.
    record           jsonb       NOT NULL,
    CONSTRAINT recovery_case_pkey PRIMARY KEY (tenant_id, recovery_case_id),
    -- The promise that nobody is bothered twice about one occasion.
    CONSTRAINT recovery_case_occasion_key UNIQUE (tenant_id, occasion),
    CONSTRAINT recovery_case_state_check CHECK (state IN ('open', 'resolved')),
    CONSTRAINT recovery_case_resolved_check CHECK (
        (state = 'resolved') = (resolved_at IS NOT NULL)
        AND (resolved_at IS NULL) = (outcome IS NULL)
        AND (resolved_at IS NULL) = (measure_until IS NULL)),
    CONSTRAINT recovery_case_outcome_check CHECK (outcome IN ('made_good', 'explained', 'not_possible', 'unreachable',
        'unfounded')),
    -- A fact about the deadline and nothing else, so that it is exact however late it is noticed.
    CONSTRAINT recovery_case_overdue_check CHECK (overdue_at = deadline),
    CONSTRAINT recovery_case_result_check CHECK (result IN ('recovered', 'not_recovered', 'unknown')),
    CONSTRAINT recovery_case_measured_check CHECK (
        (result IS NULL) = (measured_at IS NULL)
        AND (measured_at IS NULL OR resolved_at IS NOT NULL)
        AND CASE WHEN result IN ('recovered', 'not_recovered') THEN evidence_id IS NOT NULL
                 ELSE evidence_id IS NULL END)
) WITH (fillfactor = 80);
CREATE INDEX recovery_case_deadline_idx ON feedback.recovery_case (tenant_id, deadline, recovery_case_id);
CREATE INDEX recovery_case_open_idx ON feedback.recovery_case (tenant_id, deadline, recovery_case_id)
    WHERE state = 'open';
CREATE INDEX recovery_case_owner_idx ON feedback.recovery_case (tenant_id, owner, deadline, recovery_case_id);
CREATE INDEX recovery_case_profile_idx ON feedback.recovery_case (tenant_id, profile_id, deadline, recovery_case_id);
-- Whose words are listened for.
CREATE INDEX recovery_case_waiting_idx ON feedback.recovery_case (tenant_id, profile_id)
    WHERE state = 'resolved' AND result IS NULL;

-- Every table of this file is a tenant's.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['recovery_policy', 'recovery_case']
    LOOP
        EXECUTE format('ALTER TABLE feedback.%I ADD CONSTRAINT %I CHECK (tenant_id <> '''')', name,
            name || '_tenant_id_check');
        EXECUTE format('ALTER TABLE feedback.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE feedback.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON feedback.%I
            USING (tenant_id = NULLIF(current_setting(''app.tenant'', true), ''''))', name || '_tenant', name);
    END LOOP;
END
$$;
