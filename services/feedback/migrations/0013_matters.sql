-- What is heard of interactions as far as matters go: whether customers came again about one that was closed, which is
-- first-contact resolution, and how long they waited, which is held against their answers.

-- A customer's contact, or an agent's reply in a matter that has an id. Kept for a time; the counts stay.
CREATE TABLE feedback.matter_contact (
    occurred_at    timestamptz NOT NULL,
    -- When the matter that it opened was closed; null while it is open, and where there is none.
    closed_at      timestamptz,
    -- Another contact of the customer about the same matter comes again after the first and up to the second. Null
    -- together with `closed_at`.
    again_after    timestamptz,
    again_until    timestamptz,
    -- As the channel knows it; null where it does not.
    waited_ms      bigint,
    interaction_id uuid        NOT NULL,
    profile_id     uuid,
    -- Whether such a contact came.
    came_again     boolean     NOT NULL,
    -- Whether it is such a contact itself, after another one: then it opens no matter of its own.
    is_repeat      boolean     NOT NULL,
    tenant_id      text        NOT NULL,
    direction      text        NOT NULL,
    matter_id      text        NOT NULL,
    product        text        NOT NULL,
    channel        text        NOT NULL,
    touchpoint     text        NOT NULL,
    CONSTRAINT matter_contact_pkey PRIMARY KEY (tenant_id, interaction_id),
    CONSTRAINT matter_contact_direction_check CHECK (direction IN ('inbound', 'outbound')),
    CONSTRAINT matter_contact_waited_ms_check CHECK (waited_ms >= 0),
    CONSTRAINT matter_contact_closed_check CHECK (
        (closed_at IS NULL) = (again_after IS NULL) AND (closed_at IS NULL) = (again_until IS NULL)
        AND closed_at >= occurred_at AND (closed_at IS NULL OR direction = 'inbound')),
    CONSTRAINT matter_contact_again_check CHECK (NOT came_again OR closed_at IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX matter_contact_customer_idx ON feedback.matter_contact (tenant_id, profile_id, occurred_at)
    WHERE direction = 'inbound' AND profile_id IS NOT NULL;
CREATE INDEX matter_contact_closed_idx ON feedback.matter_contact (tenant_id, profile_id, again_until)
    WHERE direction = 'inbound' AND profile_id IS NOT NULL AND again_until IS NOT NULL;
CREATE INDEX matter_contact_reply_idx ON feedback.matter_contact (tenant_id, matter_id, occurred_at)
    WHERE direction = 'outbound';

-- How many matters were closed in an hour, and again in a day, and about how many of them the customer came again. Kept
-- in the transaction in which the interaction is heard. Those that were closed lately count like all others: which
-- hours are old enough to tell is a matter of when one asks.
CREATE TABLE feedback.matter_count (
    start      timestamptz NOT NULL,
    matters    bigint      NOT NULL,
    came_again bigint      NOT NULL,
    tenant_id  text        NOT NULL,
    grain      text        NOT NULL,
    product    text        NOT NULL,
    channel    text        NOT NULL,
    touchpoint text        NOT NULL,
    CONSTRAINT matter_count_pkey PRIMARY KEY (tenant_id, grain, start, product, channel, touchpoint),
    CONSTRAINT matter_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT matter_count_order_check CHECK (0 <= came_again AND came_again <= matters)
) WITH (fillfactor = 70);

-- Every table of this file is a tenant's.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['matter_contact', 'matter_count']
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

-- Retention may see and delete contacts that have expired, for all tenants at once, as it does with `mention_person`.
CREATE INDEX matter_contact_occurred_at_idx ON feedback.matter_contact USING brin (occurred_at);
CREATE POLICY matter_contact_expired_select ON feedback.matter_contact FOR SELECT
    USING (occurred_at < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);
CREATE POLICY matter_contact_expired_delete ON feedback.matter_contact FOR DELETE
    USING (occurred_at < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);
