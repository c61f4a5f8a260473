-- One contact budget for everything that is sent to a person.

-- Every budget that ever held; the one with the highest number holds.
CREATE TABLE notifications.contact_budget (
    created_at    timestamptz NOT NULL,
    number        integer     NOT NULL,
    -- 0 for no limit.
    most_contacts integer     NOT NULL,
    window_days   integer     NOT NULL,
    budget_id     uuid        NOT NULL,
    tenant_id     text        NOT NULL,
    author        text        NOT NULL,
    CONSTRAINT contact_budget_pkey PRIMARY KEY (tenant_id, number),
    CONSTRAINT contact_budget_id_key UNIQUE (tenant_id, budget_id),
    CONSTRAINT contact_budget_number_check CHECK (number >= 1),
    CONSTRAINT contact_budget_most_contacts_check CHECK (most_contacts BETWEEN 0 AND 100),
    CONSTRAINT contact_budget_window_days_check CHECK (window_days BETWEEN 1 AND 90),
    CONSTRAINT contact_budget_tenant_id_check CHECK (tenant_id <> '')
);

-- What the budget counts. A row is written in the transaction that decides to send, which holds the person, and before
-- the provider is asked: until it is known what became of it (`sent_at`), it counts whatever its age. A message that was
-- not delivered loses its row.
CREATE TABLE notifications.contact (
    -- When it was reserved, or decided to send.
    created_at  timestamptz NOT NULL,
    -- When a reservation ends by itself; NULL once a message took it.
    expires_at  timestamptz,
    sent_at     timestamptz,
    contact_id  uuid        NOT NULL,
    profile_id  uuid        NOT NULL,
    message_id  uuid,
    tenant_id   text        NOT NULL,
    purpose     text        NOT NULL,
    origin_kind text        NOT NULL,
    origin_id   text        NOT NULL,
    occasion    text        NOT NULL,
    CONSTRAINT contact_pkey PRIMARY KEY (tenant_id, contact_id),
    -- As for messages: a person is written to once about an occasion. What a person got is found by it, too.
    CONSTRAINT contact_occasion_key UNIQUE (tenant_id, profile_id, origin_kind, origin_id, occasion),
    CONSTRAINT contact_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT contact_reserved_check CHECK ((message_id IS NULL) = (expires_at IS NOT NULL)),
    CONSTRAINT contact_sent_check CHECK (sent_at IS NULL OR message_id IS NOT NULL)
) WITH (fillfactor = 80);

-- Messages of the weeks before count from the first day on.
ALTER TABLE notifications.message NO FORCE ROW LEVEL SECURITY;
INSERT INTO notifications.contact (created_at, sent_at, contact_id, profile_id, message_id, tenant_id, purpose,
    origin_kind, origin_id, occasion)
SELECT decided_at, decided_at, message_id, profile_id, message_id, tenant_id, purpose, origin_kind, origin_id, occasion
FROM notifications.message
WHERE state = 'sent' AND profile_id IS NOT NULL AND decided_at > now() - interval '90 days'
ON CONFLICT ON CONSTRAINT contact_occasion_key DO NOTHING;
ALTER TABLE notifications.message FORCE ROW LEVEL SECURITY;

ALTER TABLE notifications.contact_budget ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications.contact_budget FORCE ROW LEVEL SECURITY;
CREATE POLICY contact_budget_tenant ON notifications.contact_budget
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE notifications.contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications.contact FORCE ROW LEVEL SECURITY;
CREATE POLICY contact_tenant ON notifications.contact
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));

-- Older than any window they count no more: retention may see and delete them, as it does with `request`.
CREATE INDEX contact_created_at_idx ON notifications.contact USING brin (created_at);
CREATE POLICY contact_expired_select ON notifications.contact FOR SELECT
    USING (created_at < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);
CREATE POLICY contact_expired_delete ON notifications.contact FOR DELETE
    USING (created_at < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);

-- Until when a message waits for the budget; the reason says that it does.
ALTER TABLE notifications.message ADD COLUMN deferred_until timestamptz;
ALTER TABLE notifications.message ADD CONSTRAINT message_deferred_until_check
    CHECK (deferred_until IS NULL OR state = 'queued') NOT VALID;
