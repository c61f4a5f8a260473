-- Who the customers are.

CREATE TABLE profiles.profile (
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    version      bigint      NOT NULL,
    profile_id   uuid        NOT NULL,
    tenant_id    text        NOT NULL,
    display_name text        NOT NULL,
    language     text        NOT NULL,
    time_zone    text        NOT NULL,
    attributes   jsonb       NOT NULL,
    CONSTRAINT profile_pkey PRIMARY KEY (tenant_id, profile_id),
    CONSTRAINT profile_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT profile_version_check CHECK (version > 0)
);

-- What a person is recognised by. The key is the promise that it belongs to one profile only.
CREATE TABLE profiles.identity (
    profile_id uuid NOT NULL,
    place      int  NOT NULL,
    tenant_id  text NOT NULL,
    kind       text NOT NULL,
    system     text NOT NULL,
    value      text NOT NULL,
    CONSTRAINT identity_pkey PRIMARY KEY (tenant_id, kind, system, value),
    CONSTRAINT identity_profile_fkey FOREIGN KEY (tenant_id, profile_id)
        REFERENCES profiles.profile (tenant_id, profile_id) ON DELETE CASCADE,
    CONSTRAINT identity_kind_check CHECK (kind IN ('email', 'phone', 'external'))
);
CREATE INDEX identity_profile_idx ON profiles.identity (tenant_id, profile_id);

-- Every decision a person ever made about being contacted; append only.
CREATE TABLE profiles.consent_decision (
    decided_at          timestamptz NOT NULL,
    recorded_at         timestamptz NOT NULL,
    consent_decision_id uuid        NOT NULL,
    profile_id          uuid        NOT NULL,
    tenant_id           text        NOT NULL,
    channel             text        NOT NULL,
    purpose             text        NOT NULL,
    state               text        NOT NULL,
    source              text        NOT NULL,
    CONSTRAINT consent_decision_pkey PRIMARY KEY (tenant_id, profile_id, decided_at, consent_decision_id),
    CONSTRAINT consent_decision_profile_fkey FOREIGN KEY (tenant_id, profile_id)
        REFERENCES profiles.profile (tenant_id, profile_id) ON DELETE CASCADE,
    CONSTRAINT consent_decision_state_check CHECK (state IN ('granted', 'denied'))
);

-- The decision in force: the one made last. No row means never decided, which does not allow.
CREATE TABLE profiles.consent (
    decided_at timestamptz NOT NULL,
    profile_id uuid        NOT NULL,
    tenant_id  text        NOT NULL,
    channel    text        NOT NULL,
    purpose    text        NOT NULL,
    state      text        NOT NULL,
    source     text        NOT NULL,
    CONSTRAINT consent_pkey PRIMARY KEY (tenant_id, profile_id, channel, purpose),
    CONSTRAINT consent_profile_fkey FOREIGN KEY (tenant_id, profile_id)
        REFERENCES profiles.profile (tenant_id, profile_id) ON DELETE CASCADE,
    CONSTRAINT consent_state_check CHECK (state IN ('granted', 'denied'))
);

ALTER TABLE profiles.profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE profiles.profile FORCE ROW LEVEL SECURITY;
CREATE POLICY profile_tenant ON profiles.profile
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE profiles.identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE profiles.identity FORCE ROW LEVEL SECURITY;
CREATE POLICY identity_tenant ON profiles.identity
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE profiles.consent_decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE profiles.consent_decision FORCE ROW LEVEL SECURITY;
CREATE POLICY consent_decision_tenant ON profiles.consent_decision
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE profiles.consent ENABLE ROW LEVEL SECURITY;
ALTER TABLE profiles.consent FORCE ROW LEVEL SECURITY;
CREATE POLICY consent_tenant ON profiles.consent
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
