-- How far the telling of a cohort came: a large one is told in steps, one transaction each.

CREATE TABLE improvement.cohort_telling (
    begun_at      timestamptz NOT NULL,
    -- When everybody had had their turn; null until then.
    ended_at      timestamptz,
    -- Who was of the cohort when it began, and how many of them had their turn.
    persons       bigint NOT NULL,
    opened        bigint NOT NULL,
    initiative_id uuid   NOT NULL,
    issue_id      uuid   NOT NULL,
    template_id   uuid   NOT NULL,
    -- The last person who had their turn, in the order of their ids; null before the first.
    opened_to     uuid,
    iteration     int    NOT NULL,
    tenant_id     text   NOT NULL,
    -- What the template is rendered with: the same for everybody, whatever is edited meanwhile.
    variables     jsonb  NOT NULL,
    CONSTRAINT cohort_telling_pkey PRIMARY KEY (tenant_id, initiative_id, iteration),
    CONSTRAINT cohort_telling_iteration_fkey FOREIGN KEY (tenant_id, initiative_id, iteration)
        REFERENCES improvement.iteration (tenant_id, initiative_id, number),
    CONSTRAINT cohort_telling_opened_check CHECK (opened BETWEEN 0 AND persons),
    CONSTRAINT cohort_telling_ended_check CHECK (ended_at IS NULL OR opened = persons)
);

ALTER TABLE improvement.cohort_telling ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.cohort_telling FORCE ROW LEVEL SECURITY;
CREATE POLICY cohort_telling_tenant ON improvement.cohort_telling
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
