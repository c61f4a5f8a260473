-- What we tell people.

CREATE TABLE notifications.template (
    created_at  timestamptz NOT NULL,
    template_id uuid        NOT NULL,
    tenant_id   text        NOT NULL,
    name        text        NOT NULL,
    purpose     text        NOT NULL,
    variants    jsonb       NOT NULL,
    CONSTRAINT template_pkey PRIMARY KEY (tenant_id, template_id),
    CONSTRAINT template_name_key UNIQUE (tenant_id, name),
    CONSTRAINT template_tenant_id_check CHECK (tenant_id <> '')
);

CREATE TABLE notifications.message (
    created_at  timestamptz NOT NULL,
    decided_at  timestamptz,
    version     bigint      NOT NULL DEFAULT 1,
    attempts    int         NOT NULL DEFAULT 0,
    message_id  uuid        NOT NULL,
    profile_id  uuid,
    template_id uuid,
    tenant_id   text        NOT NULL,
    channel     text        NOT NULL,
    purpose     text        NOT NULL,
    origin_kind text        NOT NULL,
    origin_id   text        NOT NULL,
    occasion    text        NOT NULL,
    -- Who it is for within the origin: the profile, or a department's address.
    recipient   text        NOT NULL,
    state       text        NOT NULL,
    reason      text        NOT NULL DEFAULT '',
    variables   jsonb       NOT NULL,
    -- The ready text of a message to a department; a person's is made from the template on delivery.
    content     jsonb,
    CONSTRAINT message_pkey PRIMARY KEY (tenant_id, message_id),
    -- The promise that nobody gets two messages of one occasion.
    CONSTRAINT message_occasion_key UNIQUE (tenant_id, origin_kind, origin_id, occasion, recipient),
    CONSTRAINT message_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT message_state_check CHECK (state IN ('queued', 'sent', 'blocked', 'failed')),
    CONSTRAINT message_decided_at_check CHECK ((state = 'queued') = (decided_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX message_profile_idx ON notifications.message (tenant_id, profile_id, message_id)
    WHERE profile_id IS NOT NULL;
CREATE INDEX message_origin_idx ON notifications.message (tenant_id, origin_id, message_id);

-- What waits or went wrong is looked for by its state; what was sent is most of all there is.
CREATE INDEX message_unsent_idx ON notifications.message (tenant_id, state, message_id) WHERE state <> 'sent';

-- Every decision about a message and every attempt, with what it was based on; append only.
CREATE TABLE notifications.decision (
    decided_at timestamptz NOT NULL,
    message_id uuid        NOT NULL,
    place      int         NOT NULL,
    tenant_id  text        NOT NULL,
    outcome    text        NOT NULL,
    reason     text        NOT NULL,
    rule       text        NOT NULL,
    inputs     jsonb       NOT NULL,
    CONSTRAINT decision_pkey PRIMARY KEY (tenant_id, message_id, place),
    CONSTRAINT decision_message_fkey FOREIGN KEY (tenant_id, message_id)
        REFERENCES notifications.message (tenant_id, message_id) ON DELETE CASCADE
);

ALTER TABLE notifications.template ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications.template FORCE ROW LEVEL SECURITY;
CREATE POLICY template_tenant ON notifications.template
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE notifications.message ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications.message FORCE ROW LEVEL SECURITY;
CREATE POLICY message_tenant ON notifications.message
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE notifications.decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications.decision FORCE ROW LEVEL SECURITY;
CREATE POLICY decision_tenant ON notifications.decision
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
