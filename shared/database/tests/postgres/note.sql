-- A tenant's table as every service writes them, for the tests of this crate.
CREATE TABLE profiles.note (
    id        uuid NOT NULL,
    tenant_id text NOT NULL,
    text      text NOT NULL,
    CONSTRAINT note_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT note_text_key UNIQUE (tenant_id, text)
);
ALTER TABLE profiles.note ENABLE ROW LEVEL SECURITY;
ALTER TABLE profiles.note FORCE ROW LEVEL SECURITY;
CREATE POLICY note_tenant ON profiles.note
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
