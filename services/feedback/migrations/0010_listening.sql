-- What asked a survey by itself, and the stages that people reach.

-- The event and the trigger that named the occasion; null where a caller did.
ALTER TABLE feedback.invitation ADD COLUMN cause jsonb;

-- The stage of the journey of a person's latest interaction that has one: what the next one is held against.
CREATE TABLE feedback.person_stage (
    seen_at    timestamptz NOT NULL,
    profile_id uuid        NOT NULL,
    tenant_id  text        NOT NULL,
    stage      text        NOT NULL,
    CONSTRAINT person_stage_pkey PRIMARY KEY (tenant_id, profile_id),
    CONSTRAINT person_stage_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT person_stage_stage_check CHECK (stage <> '')
) WITH (fillfactor = 80);
ALTER TABLE feedback.person_stage ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.person_stage FORCE ROW LEVEL SECURITY;
CREATE POLICY person_stage_tenant ON feedback.person_stage
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
