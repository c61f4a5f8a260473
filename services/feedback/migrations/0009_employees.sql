-- What employees report. Nothing here says who: a keyed hash lets one employee count once, and only until the report is
-- in a group. Nothing says when to more than the day.

-- What employees' ids are hashed with.
CREATE TABLE feedback.employee_secret (
    tenant_id text  NOT NULL,
    secret    bytea NOT NULL,
    CONSTRAINT employee_secret_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT employee_secret_length_check CHECK (octet_length(secret) = 32)
);

-- What at least five employees reported about one topic.
CREATE TABLE feedback.report_group (
    released_at     timestamptz NOT NULL,
    reporters       integer     NOT NULL,
    agreements      integer     NOT NULL,
    report_group_id uuid        NOT NULL,
    tenant_id       text        NOT NULL,
    topic_id        text        NOT NULL,
    teams           jsonb       NOT NULL,
    CONSTRAINT report_group_pkey PRIMARY KEY (tenant_id, report_group_id),
    -- The floor, and the coarseness, whatever the code does.
    CONSTRAINT report_group_reporters_check CHECK (reporters >= 5 AND reporters % 5 = 0),
    CONSTRAINT report_group_agreements_check CHECK (agreements >= 0 AND agreements % 5 = 0)
);
CREATE INDEX report_group_topic_idx ON feedback.report_group (tenant_id, topic_id, report_group_id);

CREATE TABLE feedback.employee_report (
    received_on        date  NOT NULL,
    -- Random: a time-ordered id would say when it came.
    employee_report_id uuid  NOT NULL,
    report_group_id    uuid,
    tenant_id          text  NOT NULL,
    topic_id           text  NOT NULL,
    kind               text  NOT NULL,
    text               text  NOT NULL,
    -- Both forgotten when it is in a group.
    team               text,
    reporter           bytea,
    CONSTRAINT employee_report_pkey PRIMARY KEY (tenant_id, employee_report_id),
    CONSTRAINT employee_report_group_fkey FOREIGN KEY (tenant_id, report_group_id)
        REFERENCES feedback.report_group (tenant_id, report_group_id) ON DELETE CASCADE,
    CONSTRAINT employee_report_kind_check CHECK (kind IN ('idea', 'complaint')),
    CONSTRAINT employee_report_reporter_check CHECK (octet_length(reporter) = 32),
    CONSTRAINT employee_report_sealed_check CHECK (
        (report_group_id IS NULL) = (reporter IS NOT NULL) AND (reporter IS NULL) = (team IS NULL))
);
CREATE INDEX employee_report_waiting_idx ON feedback.employee_report (tenant_id, topic_id, received_on)
    WHERE report_group_id IS NULL;
CREATE INDEX employee_report_group_idx ON feedback.employee_report (tenant_id, report_group_id, employee_report_id)
    WHERE report_group_id IS NOT NULL;

-- Who agreed with a group, once a person.
CREATE TABLE feedback.group_agreement (
    agreed_on       date  NOT NULL,
    report_group_id uuid  NOT NULL,
    tenant_id       text  NOT NULL,
    employee        bytea NOT NULL,
    CONSTRAINT group_agreement_pkey PRIMARY KEY (tenant_id, report_group_id, employee),
    CONSTRAINT group_agreement_employee_check CHECK (octet_length(employee) = 32),
    CONSTRAINT group_agreement_group_fkey FOREIGN KEY (tenant_id, report_group_id)
        REFERENCES feedback.report_group (tenant_id, report_group_id) ON DELETE CASCADE
);

-- Every table of this file is a tenant's.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['employee_secret', 'report_group', 'employee_report', 'group_agreement']
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
