CREATE TABLE profiles.counter (
    tenant_id text NOT NULL,
    subject uuid NOT NULL,
    version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, subject)
);
ALTER TABLE profiles.counter ENABLE ROW LEVEL SECURITY;
ALTER TABLE profiles.counter FORCE ROW LEVEL SECURITY;
CREATE POLICY counter_tenant ON profiles.counter
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
