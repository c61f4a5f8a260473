-- Trying a change on a part of the customers.

-- A pilot of an iteration. `setup` is what was decided before the start, `plan` what was computed from it.
CREATE TABLE improvement.pilot (
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,
    deadline       timestamptz,
    ended_at       timestamptz,
    events         bigint      NOT NULL,
    baseline_n     bigint      NOT NULL,
    pilot_id       uuid        NOT NULL,
    initiative_id  uuid        NOT NULL,
    iteration      int         NOT NULL,
    ratio_told     boolean     NOT NULL,
    tenant_id      text        NOT NULL,
    state          text        NOT NULL,
    stopped_reason text        NOT NULL,
    setup          jsonb       NOT NULL,
    plan           jsonb       NOT NULL,
    CONSTRAINT pilot_pkey PRIMARY KEY (tenant_id, pilot_id),
    CONSTRAINT pilot_iteration_fkey FOREIGN KEY (tenant_id, initiative_id, iteration)
        REFERENCES improvement.iteration (tenant_id, initiative_id, number),
    CONSTRAINT pilot_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT pilot_state_check CHECK (state IN ('planned', 'running', 'concluded', 'stopped')),
    CONSTRAINT pilot_started_at_check
        CHECK ((started_at IS NULL) = (deadline IS NULL)
               AND (state IN ('planned', 'stopped') OR started_at IS NOT NULL)),
    CONSTRAINT pilot_ended_at_check CHECK ((state IN ('concluded', 'stopped')) = (ended_at IS NOT NULL))
);
-- Two pilots of one change at once would share its customers.
CREATE UNIQUE INDEX pilot_live_key ON improvement.pilot (tenant_id, initiative_id, iteration)
    WHERE state <> 'stopped';
CREATE INDEX pilot_initiative_idx ON improvement.pilot (tenant_id, initiative_id, pilot_id);
CREATE INDEX pilot_state_idx ON improvement.pilot (tenant_id, state, pilot_id);

-- In which arm a person is, and why; written when first asked for, never changed but for what happened to them.
CREATE TABLE improvement.pilot_assignment (
    assigned_at   timestamptz NOT NULL,
    exposed_at    timestamptz,
    treated_at    timestamptz,
    bucket        double precision NOT NULL,
    treated_share double precision NOT NULL,
    pilot_id      uuid NOT NULL,
    profile_id    uuid NOT NULL,
    tenant_id     text NOT NULL,
    arm           text NOT NULL,
    stratum       text NOT NULL,
    CONSTRAINT pilot_assignment_pkey PRIMARY KEY (tenant_id, pilot_id, profile_id),
    CONSTRAINT pilot_assignment_pilot_fkey FOREIGN KEY (tenant_id, pilot_id)
        REFERENCES improvement.pilot (tenant_id, pilot_id),
    CONSTRAINT pilot_assignment_arm_check CHECK (arm IN ('control', 'treated')),
    CONSTRAINT pilot_assignment_bucket_check CHECK (bucket >= 0 AND bucket < 1),
    CONSTRAINT pilot_assignment_treated_at_check CHECK (treated_at IS NULL OR exposed_at IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX pilot_assignment_profile_idx ON improvement.pilot_assignment (tenant_id, profile_id, pilot_id);

-- What an assigned person said, as each metric of the pilot counts it: metric 0 is the one the pilot is about, from 1
-- on its guards. Every piece is kept, so that an exposure or feedback that is told late changes what it should.
CREATE TABLE improvement.pilot_outcome (
    occurred_at timestamptz NOT NULL,
    value       double precision NOT NULL,
    pilot_id    uuid     NOT NULL,
    profile_id  uuid     NOT NULL,
    feedback_id uuid     NOT NULL,
    metric      smallint NOT NULL,
    tenant_id   text     NOT NULL,
    CONSTRAINT pilot_outcome_pkey PRIMARY KEY (tenant_id, pilot_id, metric, profile_id, feedback_id),
    CONSTRAINT pilot_outcome_assignment_fkey FOREIGN KEY (tenant_id, pilot_id, profile_id)
        REFERENCES improvement.pilot_assignment (tenant_id, pilot_id, profile_id),
    CONSTRAINT pilot_outcome_metric_check CHECK (metric >= 0)
);

-- Every statement ever made about a pilot, with everything it was made from; append only.
CREATE TABLE improvement.pilot_look (
    decided_at timestamptz NOT NULL,
    looked_at  timestamptz NOT NULL,
    pilot_id   uuid    NOT NULL,
    statement  int     NOT NULL,
    restated   boolean NOT NULL,
    tenant_id  text    NOT NULL,
    decision   text    NOT NULL,
    look       jsonb   NOT NULL,
    CONSTRAINT pilot_look_pkey PRIMARY KEY (tenant_id, pilot_id, statement),
    CONSTRAINT pilot_look_pilot_fkey FOREIGN KEY (tenant_id, pilot_id)
        REFERENCES improvement.pilot (tenant_id, pilot_id),
    CONSTRAINT pilot_look_statement_check CHECK (statement > 0),
    CONSTRAINT pilot_look_decision_check
        CHECK (decision IN ('effective', 'ineffective', 'inconclusive', 'not_yet'))
);

-- Who rolled an iteration out against its pilot, and why.
ALTER TABLE improvement.iteration ADD COLUMN pilot_override jsonb;

ALTER TABLE improvement.pilot ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.pilot FORCE ROW LEVEL SECURITY;
CREATE POLICY pilot_tenant ON improvement.pilot
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.pilot_assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.pilot_assignment FORCE ROW LEVEL SECURITY;
CREATE POLICY pilot_assignment_tenant ON improvement.pilot_assignment
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.pilot_outcome ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.pilot_outcome FORCE ROW LEVEL SECURITY;
CREATE POLICY pilot_outcome_tenant ON improvement.pilot_outcome
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.pilot_look ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.pilot_look FORCE ROW LEVEL SECURITY;
CREATE POLICY pilot_look_tenant ON improvement.pilot_look
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
