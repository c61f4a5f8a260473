-- Nothing here is unique but the row itself: an effect that happens twice shows.
CREATE TABLE feedback.effect (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    position bigint NOT NULL,
    subject uuid NOT NULL,
    subject_version bigint NOT NULL
);
ALTER TABLE feedback.effect ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.effect FORCE ROW LEVEL SECURITY;
CREATE POLICY effect_tenant ON feedback.effect
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
