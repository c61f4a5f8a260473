-- What the company asks, whom it asked and why or why not, and what was answered.

CREATE TABLE feedback.survey (
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- Counts every change, for the etag.
    version    bigint      NOT NULL,
    -- The newest of its versions, and the one that is asked.
    newest     integer     NOT NULL,
    published  integer,
    survey_id  uuid        NOT NULL,
    tenant_id  text        NOT NULL,
    name       text        NOT NULL,
    state      text        NOT NULL,
    CONSTRAINT survey_pkey PRIMARY KEY (tenant_id, survey_id),
    CONSTRAINT survey_name_key UNIQUE (tenant_id, name),
    CONSTRAINT survey_state_check CHECK (state IN ('draft', 'published', 'archived')),
    CONSTRAINT survey_published_check CHECK ((state = 'published') <= (published IS NOT NULL))
);
CREATE INDEX survey_asking_idx ON feedback.survey (tenant_id) WHERE state = 'published';

-- What is asked, for good: an answer belongs to the version it was given to.
CREATE TABLE feedback.survey_version (
    created_at timestamptz NOT NULL,
    number     integer     NOT NULL,
    survey_id  uuid        NOT NULL,
    tenant_id  text        NOT NULL,
    definition jsonb       NOT NULL,
    CONSTRAINT survey_version_pkey PRIMARY KEY (tenant_id, survey_id, number),
    CONSTRAINT survey_version_number_check CHECK (number BETWEEN 1 AND 1000),
    CONSTRAINT survey_version_survey_fkey FOREIGN KEY (tenant_id, survey_id)
        REFERENCES feedback.survey (tenant_id, survey_id) ON DELETE CASCADE
);

-- One person and one occasion to ask them, from the occasion to the answer.
CREATE TABLE feedback.invitation (
    created_at     timestamptz NOT NULL,
    decided_at     timestamptz,
    expires_at     timestamptz,
    answered_at    timestamptz,
    version        bigint      NOT NULL,
    survey_version integer,
    reminders      integer     NOT NULL,
    invitation_id  uuid        NOT NULL,
    survey_id      uuid        NOT NULL,
    profile_id     uuid        NOT NULL,
    interaction_id uuid,
    message_id     uuid,
    tenant_id      text        NOT NULL,
    occasion       text        NOT NULL,
    touchpoint     text        NOT NULL,
    product        text        NOT NULL,
    agent_id       text        NOT NULL,
    language       text        NOT NULL,
    state          text        NOT NULL,
    reason         text        NOT NULL,
    -- SHA-256 of what the token says; the token itself is nowhere but in the message.
    token_hash     bytea,
    -- The rule with every part of it and what it was based on.
    decision       jsonb,
    feedback_ids   uuid[]      NOT NULL,
    CONSTRAINT invitation_pkey PRIMARY KEY (tenant_id, invitation_id),
    -- The promise that a person is asked once an occasion.
    CONSTRAINT invitation_occasion_key UNIQUE (tenant_id, survey_id, profile_id, occasion),
    CONSTRAINT invitation_version_fkey FOREIGN KEY (tenant_id, survey_id, survey_version)
        REFERENCES feedback.survey_version (tenant_id, survey_id, number),
    CONSTRAINT invitation_state_check CHECK (state IN ('scheduled', 'declined', 'invited', 'sent', 'undelivered',
        'started', 'answered', 'expired')),
    CONSTRAINT invitation_decided_check CHECK ((state = 'scheduled') = (decided_at IS NULL)
        AND (decided_at IS NULL) = (decision IS NULL)),
    CONSTRAINT invitation_asked_check CHECK (state IN ('scheduled', 'declined')
        OR (survey_version IS NOT NULL AND expires_at IS NOT NULL AND token_hash IS NOT NULL)),
    CONSTRAINT invitation_token_check CHECK (octet_length(token_hash) = 32)
) WITH (fillfactor = 80);
CREATE INDEX invitation_survey_idx ON feedback.invitation (tenant_id, survey_id, invitation_id);
CREATE INDEX invitation_profile_idx ON feedback.invitation (tenant_id, profile_id, invitation_id);

-- Each time a person was written to by a survey: place 0 is the invitation, the others are reminders. It is what
-- cool-down, budget and quota look at, and what is handed over to the notifications service: first the row, then the
-- message, so that no message is outside the budget. A row whose message was not delivered goes away.
CREATE TABLE feedback.survey_contact (
    contacted_at  timestamptz NOT NULL,
    place         integer     NOT NULL,
    invitation_id uuid        NOT NULL,
    survey_id     uuid        NOT NULL,
    profile_id    uuid        NOT NULL,
    -- NULL until it was handed over.
    message_id    uuid,
    tenant_id     text        NOT NULL,
    CONSTRAINT survey_contact_pkey PRIMARY KEY (tenant_id, invitation_id, place),
    CONSTRAINT survey_contact_place_check CHECK (place >= 0),
    CONSTRAINT survey_contact_invitation_fkey FOREIGN KEY (tenant_id, invitation_id)
        REFERENCES feedback.invitation (tenant_id, invitation_id) ON DELETE CASCADE
);
CREATE INDEX survey_contact_profile_idx ON feedback.survey_contact (tenant_id, profile_id, contacted_at);
CREATE INDEX survey_contact_survey_idx ON feedback.survey_contact (tenant_id, survey_id, contacted_at) WHERE place = 0;

-- What was answered at one time, as it came; append only.
CREATE TABLE feedback.survey_response (
    created_at     timestamptz NOT NULL,
    -- The how manieth of its invitation, from 1.
    place          integer     NOT NULL,
    survey_version integer     NOT NULL,
    response_id    uuid        NOT NULL,
    invitation_id  uuid        NOT NULL,
    complete       boolean     NOT NULL,
    tenant_id      text        NOT NULL,
    answers        jsonb       NOT NULL,
    CONSTRAINT survey_response_pkey PRIMARY KEY (tenant_id, response_id),
    CONSTRAINT survey_response_place_key UNIQUE (tenant_id, invitation_id, place),
    CONSTRAINT survey_response_invitation_fkey FOREIGN KEY (tenant_id, invitation_id)
        REFERENCES feedback.invitation (tenant_id, invitation_id) ON DELETE CASCADE
);

-- Every table of this file is a tenant's.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['survey', 'survey_version', 'invitation', 'survey_contact', 'survey_response']
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
