-- Numbers of feedback by the agent, the team, the stage of the journey and the language.
--
-- What was recorded before is in `slice_count` and `rating_count` alone, and so is what a process of the version before
-- records while this one is rolled out. A number of a facet says how much of the window's feedback that is: what a row
-- has beyond `sliced`.

-- The team that served, and where on the journey the person was, by its name in the API; both empty where nobody said,
-- and both null where the feedback counts in no facet.
ALTER TABLE feedback.feedback ADD COLUMN team text;
ALTER TABLE feedback.feedback ADD COLUMN stage text;
ALTER TABLE feedback.feedback ADD CONSTRAINT feedback_facets_check CHECK ((team IS NULL) = (stage IS NULL)) NOT VALID;
ALTER TABLE feedback.invitation ADD COLUMN team text NOT NULL DEFAULT '';
ALTER TABLE feedback.invitation ADD COLUMN stage text NOT NULL DEFAULT '';

-- How much of a row counts in facets too.
ALTER TABLE feedback.slice_count ADD COLUMN sliced bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.rating_count ADD COLUMN sliced bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.coded_slice_count ADD COLUMN sliced bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.coded_rating_count ADD COLUMN sliced bigint NOT NULL DEFAULT 0;

-- Kept as `slice_count` is, in a row for each facet that the feedback has a value of: `agent`, `team`, `stage` and
-- `language`. Feedback without one has no row there.
CREATE TABLE feedback.facet_count (
    start            timestamptz NOT NULL,
    taxonomy_version bigint      NOT NULL,
    feedback         bigint      NOT NULL,
    judged           bigint      NOT NULL,
    negative         bigint      NOT NULL,
    non_positive     bigint      NOT NULL,
    mention_judged   bigint      NOT NULL,
    mention_negative bigint      NOT NULL,
    tenant_id        text        NOT NULL,
    facet            text        NOT NULL,
    value            text        NOT NULL,
    grain            text        NOT NULL,
    topic_id         text        NOT NULL,
    product          text        NOT NULL,
    channel          text        NOT NULL,
    touchpoint       text        NOT NULL,
    CONSTRAINT facet_count_pkey PRIMARY KEY (tenant_id, facet, value, grain, topic_id, start, product, channel,
        touchpoint, taxonomy_version),
    CONSTRAINT facet_count_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT facet_count_facet_check CHECK (facet IN ('agent', 'team', 'stage', 'language')),
    CONSTRAINT facet_count_value_check CHECK (value <> ''),
    CONSTRAINT facet_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT facet_count_order_check CHECK (0 <= negative AND negative <= judged AND judged <= feedback
        AND 0 <= non_positive AND non_positive <= feedback
        AND 0 <= mention_negative AND mention_negative <= mention_judged AND mention_judged <= feedback)
) WITH (fillfactor = 70);

-- The same of answers, as `rating_count` is kept.
CREATE TABLE feedback.facet_rating_count (
    start            timestamptz NOT NULL,
    taxonomy_version bigint      NOT NULL,
    answers          bigint      NOT NULL,
    score            smallint    NOT NULL,
    tenant_id        text        NOT NULL,
    facet            text        NOT NULL,
    value            text        NOT NULL,
    grain            text        NOT NULL,
    topic_id         text        NOT NULL,
    scale            text        NOT NULL,
    product          text        NOT NULL,
    channel          text        NOT NULL,
    touchpoint       text        NOT NULL,
    CONSTRAINT facet_rating_count_pkey PRIMARY KEY (tenant_id, facet, value, grain, topic_id, scale, start, product,
        channel, touchpoint, score, taxonomy_version),
    CONSTRAINT facet_rating_count_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT facet_rating_count_facet_check CHECK (facet IN ('agent', 'team', 'stage', 'language')),
    CONSTRAINT facet_rating_count_value_check CHECK (value <> ''),
    CONSTRAINT facet_rating_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT facet_rating_count_answers_check CHECK (answers >= 0)
) WITH (fillfactor = 70);

ALTER TABLE feedback.facet_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.facet_count FORCE ROW LEVEL SECURITY;
CREATE POLICY facet_count_tenant ON feedback.facet_count
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE feedback.facet_rating_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback.facet_rating_count FORCE ROW LEVEL SECURITY;
CREATE POLICY facet_rating_count_tenant ON feedback.facet_rating_count
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
