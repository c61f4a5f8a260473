-- Nothing here is unique but the row itself: an effect that happens twice shows.
CREATE TABLE profiles.effect (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    subject uuid NOT NULL
);
ALTER TABLE profiles.effect ENABLE ROW LEVEL SECURITY;
ALTER TABLE profiles.effect FORCE ROW LEVEL SECURITY;
CREATE POLICY effect_tenant ON profiles.effect
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
