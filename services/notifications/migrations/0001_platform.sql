-- The tables every service has alike: repeated requests, events out, events in, timers.
-- The same file in all five services but for the schema's name. It runs as the role that owns the
-- schema, which exists already, and needs nothing a superuser has.
--
-- Only `request` is a tenant's; the others belong to the platform's own loops, which serve all tenants.

-- Which writes were done, so that a repeated one is answered and not done again.
CREATE TABLE notifications.request (
    request_id uuid        NOT NULL,
    result_id  uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    tenant_id  text        NOT NULL,
    method     text        NOT NULL,
    hash       bytea       NOT NULL,
    CONSTRAINT request_pkey PRIMARY KEY (tenant_id, method, request_id),
    CONSTRAINT request_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT request_hash_check CHECK (octet_length(hash) = 32)
);
-- Rows arrive in the order of their time, so a block range index finds the expired ones for next to nothing.
CREATE INDEX request_created_at_idx ON notifications.request USING brin (created_at);

ALTER TABLE notifications.request ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications.request FORCE ROW LEVEL SECURITY;
CREATE POLICY request_tenant ON notifications.request
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
-- Retention works for all tenants at once and sees nothing but what has expired.
CREATE POLICY request_expired_select ON notifications.request FOR SELECT
    USING (created_at < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);
CREATE POLICY request_expired_delete ON notifications.request FOR DELETE
    USING (created_at < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);

-- What writers tell, in their own transaction; the sequencer numbers committed rows and empties it.
-- Its rows live for milliseconds: without an eager vacuum the head of its index fills with dead entries.
CREATE TABLE notifications.outbox (
    seq             bigint GENERATED ALWAYS AS IDENTITY,
    subject_version bigint      NOT NULL,
    occurred_at     timestamptz NOT NULL,
    event_id        uuid        NOT NULL,
    subject         uuid        NOT NULL,
    tenant_id       text        NOT NULL,
    type            text        NOT NULL,
    payload         bytea       NOT NULL,
    trace_context   text,
    CONSTRAINT outbox_pkey PRIMARY KEY (seq),
    CONSTRAINT outbox_tenant_id_check CHECK (tenant_id <> '')
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 5000
);

-- The feed: append only, positions without a gap in the order of commits. Retention drops whole
-- partitions; further ones are added as the head approaches the end of the last.
CREATE TABLE notifications.event_log (
    position        bigint      NOT NULL,
    subject_version bigint      NOT NULL,
    occurred_at     timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL,
    event_id        uuid        NOT NULL,
    subject         uuid        NOT NULL,
    tenant_id       text        NOT NULL,
    type            text        NOT NULL,
    payload         bytea       NOT NULL,
    trace_context   text,
    CONSTRAINT event_log_pkey PRIMARY KEY (position),
    CONSTRAINT event_log_position_check CHECK (position > 0)
) PARTITION BY RANGE (position);
CREATE TABLE notifications.event_log_from_1 PARTITION OF notifications.event_log FOR VALUES FROM (1) TO (100001);

-- The last number given. A cursor carries the epoch, so that one taken before a restore that lost
-- events is refused and not silently continued.
CREATE TABLE notifications.feed_head (
    only_row boolean NOT NULL DEFAULT true,
    position bigint  NOT NULL DEFAULT 0,
    epoch    uuid    NOT NULL DEFAULT gen_random_uuid(),
    CONSTRAINT feed_head_pkey PRIMARY KEY (only_row),
    CONSTRAINT feed_head_only_row_check CHECK (only_row),
    CONSTRAINT feed_head_position_check CHECK (position >= 0)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
INSERT INTO notifications.feed_head DEFAULT VALUES;

-- How far each of this service's subscriptions has come; moved in the transaction of the effects.
CREATE TABLE notifications.subscription (
    position   bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    name       text        NOT NULL,
    source     text        NOT NULL,
    epoch      text        NOT NULL,
    CONSTRAINT subscription_pkey PRIMARY KEY (name),
    CONSTRAINT subscription_position_check CHECK (position >= 0)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Events a subscription could not take in, and the later ones of the same subject, until released.
CREATE TABLE notifications.parked (
    position  bigint      NOT NULL,
    parked_at timestamptz NOT NULL,
    subject   uuid        NOT NULL,
    attempts  integer     NOT NULL,
    name      text        NOT NULL,
    source    text        NOT NULL,
    tenant_id text        NOT NULL,
    event     bytea       NOT NULL,
    error     text        NOT NULL,
    CONSTRAINT parked_pkey PRIMARY KEY (name, position),
    CONSTRAINT parked_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT parked_attempts_check CHECK (attempts >= 0)
);
CREATE INDEX parked_subject_idx ON notifications.parked (name, tenant_id, subject);

-- What is due when; any replica fires it, in one transaction with its effect.
CREATE TABLE notifications.timer (
    due_at       timestamptz NOT NULL,
    -- Real time: until when somebody works on it outside a transaction.
    leased_until timestamptz,
    subject      uuid        NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    tenant_id    text        NOT NULL,
    kind         text        NOT NULL,
    last_error   text,
    CONSTRAINT timer_pkey PRIMARY KEY (tenant_id, kind, subject),
    CONSTRAINT timer_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT timer_attempts_check CHECK (attempts >= 0)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 5000
);
CREATE INDEX timer_due_at_idx ON notifications.timer (due_at);
