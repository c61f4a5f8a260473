-- What happened between persons and the company.

CREATE TABLE interactions.interaction (
    occurred_at    timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    interaction_id uuid        NOT NULL,
    profile_id     uuid,
    tenant_id      text        NOT NULL,
    channel        text        NOT NULL,
    direction      text        NOT NULL,
    touchpoint     text        NOT NULL,
    stage          text,
    outcome        text        NOT NULL,
    product        text        NOT NULL,
    agent_id       text        NOT NULL,
    text           text        NOT NULL,
    source_id      text,
    CONSTRAINT interaction_pkey PRIMARY KEY (tenant_id, interaction_id),
    -- The promise that what a source sends twice is one interaction.
    CONSTRAINT interaction_source_key UNIQUE (tenant_id, channel, source_id),
    CONSTRAINT interaction_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT interaction_direction_check CHECK (direction IN ('inbound', 'outbound', 'self_service'))
);
CREATE INDEX interaction_profile_idx
    ON interactions.interaction (tenant_id, profile_id, occurred_at, interaction_id) WHERE profile_id IS NOT NULL;
CREATE INDEX interaction_time_idx ON interactions.interaction (tenant_id, occurred_at, interaction_id);

ALTER TABLE interactions.interaction ENABLE ROW LEVEL SECURITY;
ALTER TABLE interactions.interaction FORCE ROW LEVEL SECURITY;
CREATE POLICY interaction_tenant ON interactions.interaction
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
