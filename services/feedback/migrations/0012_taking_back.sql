-- Taking things back: a recoding, and quotes of what is there no more.

-- A recoding that goes on can be cancelled: what it coded is given back its former coding, a part at a time.
ALTER TABLE feedback.recoding ADD COLUMN cancelled_at timestamptz;
ALTER TABLE feedback.recoding ADD COLUMN cancelled_by text;
ALTER TABLE feedback.recoding ADD COLUMN cancel_reason text;
-- Pieces of feedback that have their former codings again.
ALTER TABLE feedback.recoding ADD COLUMN restored bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.recoding ADD CONSTRAINT recoding_cancelled_check
    CHECK ((cancelled_at IS NULL) = (cancelled_by IS NULL) AND (cancelled_at IS NULL) = (cancel_reason IS NULL))
    NOT VALID;

-- The codings that recodings made which may still be cancelled, and those they count on: of two recodings with one
-- version the second finds what the first has coded, and keeps it should only the first be cancelled. Rows of one that
-- is done go away.
CREATE TABLE feedback.recoded (
    taxonomy_version bigint NOT NULL,
    recoding_id      uuid   NOT NULL,
    feedback_id      uuid   NOT NULL,
    tenant_id        text   NOT NULL,
    CONSTRAINT recoded_pkey PRIMARY KEY (tenant_id, recoding_id, feedback_id),
    CONSTRAINT recoded_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT recoded_feedback_fkey FOREIGN KEY (tenant_id, feedback_id)
        REFERENCES feedback.feedback (tenant_id, feedback_id) ON DELETE CASCADE,
    CONSTRAINT recoded_recoding_fkey FOREIGN KEY (tenant_id, recoding_id)
        REFERENCES feedback.recoding (tenant_id, recoding_id) ON DELETE CASCADE
);
CREATE INDEX recoded_feedback_idx ON feedback.recoded (tenant_id, feedback_id, taxonomy_version);

ALTER TABLE feedback.recoded ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.recoded FORCE ROW LEVEL SECURITY;
CREATE POLICY recoded_tenant ON feedback.recoded
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));

-- Quotes of feedback that was removed, as SHA-256 of their texts, until what the themes have learnt holds none of them.
CREATE TABLE feedback.forgotten_quote (
    tenant_id text  NOT NULL,
    digest    bytea NOT NULL,
    CONSTRAINT forgotten_quote_pkey PRIMARY KEY (tenant_id, digest),
    CONSTRAINT forgotten_quote_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT forgotten_quote_digest_check CHECK (octet_length(digest) = 32)
);

ALTER TABLE feedback.forgotten_quote ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.forgotten_quote FORCE ROW LEVEL SECURITY;
CREATE POLICY forgotten_quote_tenant ON feedback.forgotten_quote
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
