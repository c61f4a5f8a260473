-- What the company stands for, and what its numbers are to become.

-- A named part of the company's vision. Never deleted: what refers to it keeps its meaning.
CREATE TABLE improvement.principle (
    created_at   timestamptz NOT NULL,
    version      bigint      NOT NULL,
    events       bigint      NOT NULL,
    principle_id uuid        NOT NULL,
    tenant_id    text        NOT NULL,
    name         text        NOT NULL,
    statement    text        NOT NULL,
    CONSTRAINT principle_pkey PRIMARY KEY (tenant_id, principle_id),
    CONSTRAINT principle_name_key UNIQUE (tenant_id, name),
    CONSTRAINT principle_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT principle_version_check CHECK (version > 0)
);

-- Principles are never deleted, so that an id that was found once stays good.
ALTER TABLE improvement.initiative ADD COLUMN principle_ids uuid[] NOT NULL DEFAULT '{}';

-- A number that is to change. Its numbers are in goal_measurement: the baseline is number 0, the latest one is
-- `measurements`.
CREATE TABLE improvement.goal (
    deadline      timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    closed_at     timestamptz,
    version       bigint  NOT NULL,
    events        bigint  NOT NULL,
    target        double precision NOT NULL,
    goal_id       uuid    NOT NULL,
    window_days   int     NOT NULL,
    measurements  int     NOT NULL,
    tenant_id     text    NOT NULL,
    name          text    NOT NULL,
    owner         text    NOT NULL,
    metric        text    NOT NULL,
    product       text    NOT NULL,
    channel       text    NOT NULL,
    topic_id      text    NOT NULL,
    touchpoint    text    NOT NULL,
    state         text    NOT NULL,
    track         text    NOT NULL,
    reason        text    NOT NULL,
    principle_ids uuid[]  NOT NULL,
    CONSTRAINT goal_pkey PRIMARY KEY (tenant_id, goal_id),
    CONSTRAINT goal_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT goal_version_check CHECK (version > 0),
    CONSTRAINT goal_window_days_check CHECK (window_days BETWEEN 1 AND 366),
    CONSTRAINT goal_measurements_check CHECK (measurements >= 0),
    CONSTRAINT goal_state_check CHECK (state IN ('open', 'reached', 'missed', 'cancelled')),
    CONSTRAINT goal_track_check CHECK (track IN ('too_early', 'on_track', 'off_track')),
    CONSTRAINT goal_closed_at_check CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX goal_state_idx ON improvement.goal (tenant_id, state, goal_id);

-- A recorded number of a goal; append only.
CREATE TABLE improvement.goal_measurement (
    window_start timestamptz NOT NULL,
    window_end   timestamptz NOT NULL,
    measured_at  timestamptz NOT NULL,
    n            bigint NOT NULL,
    value        double precision,
    low          double precision,
    high         double precision,
    level        double precision NOT NULL,
    goal_id      uuid   NOT NULL,
    number       int    NOT NULL,
    definition_version int NOT NULL,
    tenant_id    text   NOT NULL,
    track        text   NOT NULL,
    suppressed_reason text NOT NULL,
    projection   jsonb,
    CONSTRAINT goal_measurement_pkey PRIMARY KEY (tenant_id, goal_id, number),
    CONSTRAINT goal_measurement_goal_fkey FOREIGN KEY (tenant_id, goal_id)
        REFERENCES improvement.goal (tenant_id, goal_id),
    CONSTRAINT goal_measurement_number_check CHECK (number >= 0),
    CONSTRAINT goal_measurement_n_check CHECK (n >= 0),
    CONSTRAINT goal_measurement_window_check CHECK (window_start < window_end),
    CONSTRAINT goal_measurement_value_check
        CHECK ((value IS NULL) = (low IS NULL) AND (low IS NULL) = (high IS NULL)
               AND (value IS NULL) = (suppressed_reason <> '')),
    CONSTRAINT goal_measurement_track_check CHECK (track IN ('too_early', 'on_track', 'off_track'))
);

ALTER TABLE improvement.principle ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.principle FORCE ROW LEVEL SECURITY;
CREATE POLICY principle_tenant ON improvement.principle
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.goal ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.goal FORCE ROW LEVEL SECURITY;
CREATE POLICY goal_tenant ON improvement.goal
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.goal_measurement ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.goal_measurement FORCE ROW LEVEL SECURITY;
CREATE POLICY goal_measurement_tenant ON improvement.goal_measurement
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
