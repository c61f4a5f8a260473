-- A tenant's taxonomy is a hierarchy with versions, and history can be coded with any of them: the coding of the newest
-- version stands, the others stay beside it.
--
-- The roll-ups that stand get the version into their keys, which rebuilds two indexes of rows by the hour and day:
-- seconds for a million of them. What was there before has the version -1, "not recorded", as everything has that a
-- process of the version before writes while this one is rolled out.

ALTER TABLE feedback.topic ADD COLUMN archived_at timestamptz;
-- The version that changed it last; 0 only where a process of the version before made it.
ALTER TABLE feedback.topic ADD COLUMN changed_version bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.topic ADD COLUMN parent_id text;
ALTER TABLE feedback.topic ADD COLUMN rule text NOT NULL DEFAULT '';
ALTER TABLE feedback.topic ADD COLUMN is_group boolean NOT NULL DEFAULT false;
ALTER TABLE feedback.topic ADD CONSTRAINT topic_parent_check CHECK (parent_id <> topic_id) NOT VALID;

-- Each version: who changed what, and when.
CREATE TABLE feedback.taxonomy_version (
    created_at  timestamptz NOT NULL,
    version     bigint      NOT NULL,
    tenant_id   text        NOT NULL,
    author      text        NOT NULL,
    change      text        NOT NULL,
    topic_id    text        NOT NULL,
    description text        NOT NULL,
    CONSTRAINT taxonomy_version_pkey PRIMARY KEY (tenant_id, version),
    CONSTRAINT taxonomy_version_version_check CHECK (version > 0),
    CONSTRAINT taxonomy_version_change_check CHECK (change IN ('created', 'updated', 'archived'))
);

-- Which topics a version codes otherwise than the one before it.
CREATE TABLE feedback.taxonomy_effect (
    created_at timestamptz NOT NULL,
    version    bigint      NOT NULL,
    -- False where only the examples of others changed, with which the topic's own are learnt.
    direct     boolean     NOT NULL,
    tenant_id  text        NOT NULL,
    topic_id   text        NOT NULL,
    CONSTRAINT taxonomy_effect_pkey PRIMARY KEY (tenant_id, topic_id, version),
    CONSTRAINT taxonomy_effect_version_fkey FOREIGN KEY (tenant_id, version)
        REFERENCES feedback.taxonomy_version (tenant_id, version) ON DELETE CASCADE
);
CREATE INDEX taxonomy_effect_version_idx ON feedback.taxonomy_effect (tenant_id, version);

-- The tenant's own topics as they were, from one version until another.
CREATE TABLE feedback.topic_revision (
    created_at    timestamptz NOT NULL,
    archived_at   timestamptz,
    from_version  bigint      NOT NULL,
    -- NULL for the one that stands.
    until_version bigint,
    tenant_id     text        NOT NULL,
    topic_id      text        NOT NULL,
    parent_id     text,
    name          text        NOT NULL,
    rule          text        NOT NULL,
    is_group      boolean     NOT NULL,
    keywords      text[]      NOT NULL,
    examples      text[]      NOT NULL,
    CONSTRAINT topic_revision_pkey PRIMARY KEY (tenant_id, topic_id, from_version),
    CONSTRAINT topic_revision_versions_check CHECK (from_version < until_version)
);

-- What is there already: topics were only added, and each addition counted the version up by one.
ALTER TABLE feedback.topic NO FORCE ROW LEVEL SECURITY;
INSERT INTO feedback.taxonomy_version (tenant_id, version, created_at, author, change, topic_id, description)
SELECT tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY created_at, topic_uid), created_at, '', 'created',
    topic_id, 'added'
FROM feedback.topic;
INSERT INTO feedback.topic_revision (tenant_id, topic_id, from_version, created_at, name, rule, is_group, keywords,
    examples)
SELECT topic.tenant_id, topic.topic_id, version.version, topic.created_at, topic.name, '', false, topic.keywords,
    topic.examples
FROM feedback.topic
JOIN feedback.taxonomy_version AS version USING (tenant_id, topic_id);
INSERT INTO feedback.taxonomy_effect (tenant_id, topic_id, version, created_at, direct)
SELECT tenant_id, topic_id, version, created_at, true FROM feedback.taxonomy_version;
UPDATE feedback.topic SET changed_version = version.version
FROM feedback.taxonomy_version AS version
WHERE version.tenant_id = topic.tenant_id AND version.topic_id = topic.topic_id;
ALTER TABLE feedback.topic FORCE ROW LEVEL SECURITY;

-- The version of the coding that stands; NULL where it was not recorded.
ALTER TABLE feedback.feedback ADD COLUMN taxonomy_version bigint;

ALTER TABLE feedback.slice_count ADD COLUMN taxonomy_version bigint NOT NULL DEFAULT -1;
ALTER TABLE feedback.slice_count DROP CONSTRAINT slice_count_pkey;
ALTER TABLE feedback.slice_count ADD CONSTRAINT slice_count_pkey
    PRIMARY KEY (tenant_id, grain, topic_id, start, product, channel, touchpoint, taxonomy_version);
ALTER TABLE feedback.rating_count ADD COLUMN taxonomy_version bigint NOT NULL DEFAULT -1;
ALTER TABLE feedback.rating_count DROP CONSTRAINT rating_count_pkey;
ALTER TABLE feedback.rating_count ADD CONSTRAINT rating_count_pkey
    PRIMARY KEY (tenant_id, grain, topic_id, scale, start, product, channel, touchpoint, score, taxonomy_version);

-- The codings of feedback that do not stand.
CREATE TABLE feedback.coding (
    taxonomy_version bigint NOT NULL,
    feedback_id      uuid   NOT NULL,
    tenant_id        text   NOT NULL,
    topics           jsonb  NOT NULL,
    CONSTRAINT coding_pkey PRIMARY KEY (tenant_id, feedback_id, taxonomy_version),
    CONSTRAINT coding_feedback_fkey FOREIGN KEY (tenant_id, feedback_id)
        REFERENCES feedback.feedback (tenant_id, feedback_id) ON DELETE CASCADE
);

-- Their roll-ups, with the columns and the meaning of those that stand.
CREATE TABLE feedback.coded_slice_count (
    start            timestamptz NOT NULL,
    taxonomy_version bigint      NOT NULL,
    feedback         bigint      NOT NULL,
    judged           bigint      NOT NULL,
    negative         bigint      NOT NULL,
    non_positive     bigint      NOT NULL,
    mention_judged   bigint      NOT NULL,
    mention_negative bigint      NOT NULL,
    tenant_id        text        NOT NULL,
    grain            text        NOT NULL,
    topic_id         text        NOT NULL,
    product          text        NOT NULL,
    channel          text        NOT NULL,
    touchpoint       text        NOT NULL,
    CONSTRAINT coded_slice_count_pkey
        PRIMARY KEY (tenant_id, taxonomy_version, grain, topic_id, start, product, channel, touchpoint),
    CONSTRAINT coded_slice_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT coded_slice_count_order_check CHECK (0 <= negative AND negative <= judged AND judged <= feedback
        AND 0 <= non_positive AND non_positive <= feedback
        AND 0 <= mention_negative AND mention_negative <= mention_judged AND mention_judged <= feedback)
) WITH (fillfactor = 70);

CREATE TABLE feedback.coded_rating_count (
    start            timestamptz NOT NULL,
    taxonomy_version bigint      NOT NULL,
    answers          bigint      NOT NULL,
    score            smallint    NOT NULL,
    tenant_id        text        NOT NULL,
    grain            text        NOT NULL,
    topic_id         text        NOT NULL,
    scale            text        NOT NULL,
    product          text        NOT NULL,
    channel          text        NOT NULL,
    touchpoint       text        NOT NULL,
    CONSTRAINT coded_rating_count_pkey
        PRIMARY KEY (tenant_id, taxonomy_version, grain, topic_id, scale, start, product, channel, touchpoint, score),
    CONSTRAINT coded_rating_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT coded_rating_count_answers_check CHECK (answers >= 0)
) WITH (fillfactor = 70);

-- The coding of a part of history with one version. A running one has a timer of the kind `feedback.recode`.
CREATE TABLE feedback.recoding (
    created_at       timestamptz NOT NULL,
    window_start     timestamptz NOT NULL,
    window_end       timestamptz NOT NULL,
    -- The last piece of feedback that it has been through; NULL before the first.
    through_at       timestamptz,
    ended_at         timestamptz,
    taxonomy_version bigint      NOT NULL,
    total            bigint      NOT NULL,
    processed        bigint      NOT NULL,
    changed          bigint      NOT NULL,
    known            bigint      NOT NULL,
    recoding_id      uuid        NOT NULL,
    through_id       uuid,
    tenant_id        text        NOT NULL,
    author           text        NOT NULL,
    CONSTRAINT recoding_pkey PRIMARY KEY (tenant_id, recoding_id),
    CONSTRAINT recoding_window_check CHECK (window_start < window_end),
    CONSTRAINT recoding_through_check CHECK ((through_at IS NULL) = (through_id IS NULL)),
    CONSTRAINT recoding_counts_check CHECK (total >= 0 AND 0 <= changed AND 0 <= known AND changed + known <= processed)
);
CREATE INDEX recoding_running_idx ON feedback.recoding (tenant_id) WHERE ended_at IS NULL;

-- Every new table of this file is a tenant's.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['taxonomy_version', 'taxonomy_effect', 'topic_revision', 'coding', 'coded_slice_count',
        'coded_rating_count', 'recoding']
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
