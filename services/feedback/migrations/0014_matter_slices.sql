-- Matters by the agent, the stage of the journey, the topics and the language of the contact that opened them.
--
-- What was closed before is in `matter_count` alone, because neither agent nor stage had been kept of it, and so is what
-- a process of the version before counts while this one is rolled out. A number of such a slice says how many of the
-- window's matters that are: those of `matter_count` that the dimension `any` does not have.

-- As the contact was closed, or while it is open as it was recorded; null where the version before heard it.
ALTER TABLE feedback.matter_contact ADD COLUMN agent_id text;
ALTER TABLE feedback.matter_contact ADD COLUMN stage text;
-- What was understood of the contact's text, as the coding stands; the version is null where there is no text, and until
-- it is understood.
ALTER TABLE feedback.matter_contact ADD COLUMN taxonomy_version bigint;
ALTER TABLE feedback.matter_contact ADD COLUMN language text NOT NULL DEFAULT '';
ALTER TABLE feedback.matter_contact ADD COLUMN topics text[] NOT NULL DEFAULT '{}';
-- Whether the matter counts in the slices as one about which the customer came again; null where it does not count
-- there. It says what was counted, so that what another process changes meanwhile is set right with the next change.
ALTER TABLE feedback.matter_contact ADD COLUMN sliced_as_again boolean;
ALTER TABLE feedback.matter_contact ADD CONSTRAINT matter_contact_handled_check
    CHECK ((agent_id IS NULL) = (stage IS NULL)) NOT VALID;
ALTER TABLE feedback.matter_contact ADD CONSTRAINT matter_contact_sliced_check
    CHECK (sliced_as_again IS NULL OR (agent_id IS NOT NULL AND closed_at IS NOT NULL)) NOT VALID;

-- Kept as `matter_count` is, in a row for each thing that a matter is sliced by: `any` (all of them), `agent`, `stage`,
-- `topic` and `language` with what it is, and `coding` with the version of the taxonomy that gave the topics.
CREATE TABLE feedback.matter_slice_count (
    start      timestamptz NOT NULL,
    matters    bigint      NOT NULL,
    came_again bigint      NOT NULL,
    tenant_id  text        NOT NULL,
    grain      text        NOT NULL,
    dimension  text        NOT NULL,
    value      text        NOT NULL,
    product    text        NOT NULL,
    channel    text        NOT NULL,
    touchpoint text        NOT NULL,
    CONSTRAINT matter_slice_count_pkey
        PRIMARY KEY (tenant_id, grain, dimension, value, start, product, channel, touchpoint),
    CONSTRAINT matter_slice_count_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT matter_slice_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT matter_slice_count_dimension_check
        CHECK (dimension IN ('any', 'agent', 'stage', 'topic', 'language', 'coding')),
    CONSTRAINT matter_slice_count_value_check CHECK ((dimension = 'any') = (value = '')),
    CONSTRAINT matter_slice_count_order_check CHECK (0 <= came_again AND came_again <= matters)
) WITH (fillfactor = 70);

ALTER TABLE feedback.matter_slice_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.matter_slice_count FORCE ROW LEVEL SECURITY;
CREATE POLICY matter_slice_count_tenant ON feedback.matter_slice_count
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
