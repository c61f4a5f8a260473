-- How many of those who were asked answered.

-- Whether what becomes of it is counted: not of an invitation that a process of the version before made, because what
-- became of it may have been decided before anything was counted.
ALTER TABLE feedback.invitation ADD COLUMN counts boolean NOT NULL DEFAULT false;
-- Those of whom it is not known yet, which are few: none is older than the longest time to answer.
CREATE INDEX invitation_open_idx ON feedback.invitation (tenant_id, decided_at) WHERE state IN ('sent', 'started');

-- What became of invitations that were delivered or answered, by when it was decided to ask, in the grains `hour` and
-- `day`. Each is counted once, in the transaction that ends it or takes its first complete answer.
CREATE TABLE feedback.response_count (
    start      timestamptz NOT NULL,
    -- The midnight UTC after which all that were asked together have had their time.
    until      timestamptz NOT NULL,
    asked      bigint      NOT NULL,
    answered   bigint      NOT NULL,
    survey_id  uuid        NOT NULL,
    tenant_id  text        NOT NULL,
    grain      text        NOT NULL,
    product    text        NOT NULL,
    touchpoint text        NOT NULL,
    CONSTRAINT response_count_pkey PRIMARY KEY (tenant_id, grain, start, survey_id, product, touchpoint, until),
    CONSTRAINT response_count_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT response_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT response_count_order_check CHECK (0 <= answered AND answered <= asked)
) WITH (fillfactor = 70);

ALTER TABLE feedback.response_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.response_count FORCE ROW LEVEL SECURITY;
CREATE POLICY response_count_tenant ON feedback.response_count
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
