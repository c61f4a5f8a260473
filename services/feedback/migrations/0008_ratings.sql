-- What the company itself thinks of a touchpoint or of an agent's work, to be set beside its customers' answers.
-- Texts that are left out are empty, as in `feedback`.

CREATE TABLE feedback.own_rating (
    assessed_at   timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    own_rating_id uuid        NOT NULL,
    score         smallint    NOT NULL,
    tenant_id     text        NOT NULL,
    scale         text        NOT NULL,
    touchpoint    text        NOT NULL,
    agent_id      text        NOT NULL,
    assessor_id   text        NOT NULL,
    CONSTRAINT own_rating_pkey PRIMARY KEY (tenant_id, own_rating_id),
    CONSTRAINT own_rating_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT own_rating_subject_check CHECK (touchpoint <> '' OR agent_id <> ''),
    CONSTRAINT own_rating_assessor_check CHECK (assessor_id <> ''),
    CONSTRAINT own_rating_score_check CHECK (
        (scale = 'nps' AND score BETWEEN 0 AND 10)
        OR (scale = 'csat' AND score BETWEEN 1 AND 5)
        OR (scale = 'ces' AND score BETWEEN 1 AND 7))
);
CREATE INDEX own_rating_assessed_at_idx ON feedback.own_rating (tenant_id, assessed_at, own_rating_id);
ALTER TABLE feedback.own_rating ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.own_rating FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rating_tenant ON feedback.own_rating
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));

-- Answers about an agent: the counts know no agents.
CREATE INDEX feedback_agent_idx ON feedback.feedback (tenant_id, agent_id, occurred_at)
    INCLUDE (rating_scale, rating_score) WHERE agent_id <> '' AND rating_scale IS NOT NULL;
