-- What people let the company know, what was understood of it, its counts, and what was found in them.
--
-- Texts that are left out are empty, not NULL, where they are also dimensions of the counts: an empty product is
-- a slice like any other.

-- One thing that a person let the company know.
CREATE TABLE feedback.feedback (
    occurred_at           timestamptz      NOT NULL,
    created_at            timestamptz      NOT NULL,
    -- What was understood; all NULL when there is no text, the class also when the engine abstained.
    sentiment_score       double precision,
    sentiment_probability double precision,
    feedback_id           uuid             NOT NULL,
    profile_id            uuid,
    interaction_id        uuid,
    rating_score          smallint,
    tenant_id             text             NOT NULL,
    -- `submitted` by a caller, or heard as an `interaction`.
    origin                text             NOT NULL,
    channel               text             NOT NULL,
    touchpoint            text             NOT NULL,
    product               text             NOT NULL,
    agent_id              text             NOT NULL,
    rating_scale          text,
    source_id             text,
    engine                text,
    language              text,
    sentiment             text,
    topics                jsonb            NOT NULL,
    text                  text             NOT NULL,
    CONSTRAINT feedback_pkey PRIMARY KEY (tenant_id, feedback_id),
    CONSTRAINT feedback_origin_check CHECK (origin IN ('submitted', 'interaction')),
    CONSTRAINT feedback_interaction_check CHECK (origin <> 'interaction' OR interaction_id IS NOT NULL),
    CONSTRAINT feedback_rating_check CHECK (
        (rating_scale IS NULL AND rating_score IS NULL)
        OR (rating_scale = 'nps' AND rating_score BETWEEN 0 AND 10)
        OR (rating_scale = 'csat' AND rating_score BETWEEN 1 AND 5)
        OR (rating_scale = 'ces' AND rating_score BETWEEN 1 AND 7)),
    CONSTRAINT feedback_content_check CHECK (text <> '' OR rating_scale IS NOT NULL),
    CONSTRAINT feedback_sentiment_check CHECK (sentiment IN ('negative', 'neutral', 'positive'))
);
CREATE UNIQUE INDEX feedback_source_key ON feedback.feedback (tenant_id, channel, source_id)
    WHERE source_id IS NOT NULL;
-- Several answers may be about one interaction; what was said in it is one piece of feedback.
CREATE UNIQUE INDEX feedback_interaction_key ON feedback.feedback (tenant_id, interaction_id)
    WHERE origin = 'interaction';
CREATE INDEX feedback_occurred_at_idx ON feedback.feedback (tenant_id, occurred_at, feedback_id);
CREATE INDEX feedback_profile_idx ON feedback.feedback (tenant_id, profile_id, occurred_at, feedback_id)
    WHERE profile_id IS NOT NULL;
CREATE INDEX feedback_product_idx ON feedback.feedback (tenant_id, product, occurred_at, feedback_id);

-- Which feedback mentions which topic, in the order of its time: lists by topic, and who was hit.
CREATE TABLE feedback.topic_mention (
    occurred_at  timestamptz NOT NULL,
    feedback_id  uuid        NOT NULL,
    profile_id   uuid,
    non_positive boolean     NOT NULL,
    tenant_id    text        NOT NULL,
    topic_id     text        NOT NULL,
    product      text        NOT NULL,
    CONSTRAINT topic_mention_pkey PRIMARY KEY (tenant_id, topic_id, occurred_at, feedback_id),
    CONSTRAINT topic_mention_feedback_fkey FOREIGN KEY (tenant_id, feedback_id)
        REFERENCES feedback.feedback (tenant_id, feedback_id) ON DELETE CASCADE
);
CREATE INDEX topic_mention_feedback_idx ON feedback.topic_mention (tenant_id, feedback_id);

-- The counts that every number is made of, kept in the transaction of the feedback. Every piece of feedback
-- counts in the row of its slice with the empty topic and in one for each topic it mentions; in the grain
-- `hour` and again in the grain `day`, so that a year by day reads one row a day and slice.
CREATE TABLE feedback.slice_count (
    start        timestamptz NOT NULL,
    feedback     bigint      NOT NULL,
    -- With a text whose feeling was judged, and judged negative.
    judged       bigint      NOT NULL,
    negative     bigint      NOT NULL,
    -- With a text that was not judged positive.
    non_positive bigint      NOT NULL,
    tenant_id    text        NOT NULL,
    grain        text        NOT NULL,
    topic_id     text        NOT NULL,
    product      text        NOT NULL,
    channel      text        NOT NULL,
    touchpoint   text        NOT NULL,
    CONSTRAINT slice_count_pkey PRIMARY KEY (tenant_id, grain, topic_id, start, product, channel, touchpoint),
    CONSTRAINT slice_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT slice_count_order_check CHECK (0 <= negative AND negative <= judged AND judged <= feedback
        AND 0 <= non_positive AND non_positive <= feedback)
) WITH (fillfactor = 70);

-- The histogram of answers of each slice, in the same two grains and with the same meaning of the topic.
CREATE TABLE feedback.rating_count (
    start      timestamptz NOT NULL,
    answers    bigint      NOT NULL,
    score      smallint    NOT NULL,
    tenant_id  text        NOT NULL,
    grain      text        NOT NULL,
    topic_id   text        NOT NULL,
    scale      text        NOT NULL,
    product    text        NOT NULL,
    channel    text        NOT NULL,
    touchpoint text        NOT NULL,
    CONSTRAINT rating_count_pkey
        PRIMARY KEY (tenant_id, grain, topic_id, scale, start, product, channel, touchpoint, score),
    CONSTRAINT rating_count_grain_check CHECK (grain IN ('hour', 'day')),
    CONSTRAINT rating_count_answers_check CHECK (answers >= 0)
) WITH (fillfactor = 70);

-- What detection tests: non-positive mentions by topic, product and hour. A known person counts once a topic,
-- product and hour however often they say it, so that one loud voice makes no issue.
CREATE TABLE feedback.mention_count (
    start     timestamptz NOT NULL,
    mentions  bigint      NOT NULL,
    tenant_id text        NOT NULL,
    topic_id  text        NOT NULL,
    product   text        NOT NULL,
    CONSTRAINT mention_count_pkey PRIMARY KEY (tenant_id, start, topic_id, product),
    CONSTRAINT mention_count_mentions_check CHECK (mentions >= 0)
) WITH (fillfactor = 70);

-- Who has been counted there.
CREATE TABLE feedback.mention_person (
    start      timestamptz NOT NULL,
    profile_id uuid        NOT NULL,
    tenant_id  text        NOT NULL,
    topic_id   text        NOT NULL,
    product    text        NOT NULL,
    CONSTRAINT mention_person_pkey PRIMARY KEY (tenant_id, start, topic_id, product, profile_id)
);

-- The tenant's own topics; one with the id of a starter topic takes its place.
CREATE TABLE feedback.topic (
    created_at timestamptz NOT NULL,
    topic_uid  uuid        NOT NULL,
    tenant_id  text        NOT NULL,
    topic_id   text        NOT NULL,
    name       text        NOT NULL,
    keywords   text[]      NOT NULL,
    examples   text[]      NOT NULL,
    CONSTRAINT topic_pkey PRIMARY KEY (tenant_id, topic_id),
    CONSTRAINT topic_uid_key UNIQUE (tenant_id, topic_uid)
);

-- Grows with every change of the tenant's topics; a compiled taxonomy of another version is out of date.
CREATE TABLE feedback.taxonomy (
    version   bigint NOT NULL,
    tenant_id text   NOT NULL,
    CONSTRAINT taxonomy_pkey PRIMARY KEY (tenant_id)
);

-- A topic whose volume left its usual range, as it was found.
CREATE TABLE feedback.hot_issue (
    opened_at       timestamptz      NOT NULL,
    window_start    timestamptz      NOT NULL,
    ended_at        timestamptz,
    -- Since when it has been back in its usual range without a break.
    usual_since     timestamptz,
    observed        bigint           NOT NULL,
    last_observed   bigint           NOT NULL,
    cohort_size     bigint           NOT NULL,
    evidence_size   bigint           NOT NULL,
    version         bigint           NOT NULL,
    expected        double precision NOT NULL,
    p_value         double precision NOT NULL,
    q_value         double precision NOT NULL,
    -- Mentions a day before the tested window: what it must come back to.
    usual_per_day   double precision NOT NULL,
    hot_issue_id    uuid             NOT NULL,
    tenant_id       text             NOT NULL,
    topic_id        text             NOT NULL,
    topic_name      text             NOT NULL,
    product         text             NOT NULL,
    state           text             NOT NULL,
    -- Products whose volume had just started: left out of what was tested over all products.
    left_out        text[]           NOT NULL,
    quotes          text[]           NOT NULL,
    record          jsonb            NOT NULL,
    CONSTRAINT hot_issue_pkey PRIMARY KEY (tenant_id, hot_issue_id),
    CONSTRAINT hot_issue_state_check CHECK (state IN ('open', 'ended')),
    CONSTRAINT hot_issue_ended_check CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CONSTRAINT hot_issue_window_check CHECK (window_start < opened_at)
);
CREATE UNIQUE INDEX hot_issue_open_key ON feedback.hot_issue (tenant_id, topic_id) WHERE state = 'open';
CREATE INDEX hot_issue_opened_at_idx ON feedback.hot_issue (tenant_id, opened_at, hot_issue_id);

-- Who had been hit when it was found; never changed afterwards.
CREATE TABLE feedback.cohort_member (
    hot_issue_id uuid   NOT NULL,
    profile_id   uuid   NOT NULL,
    tenant_id    text   NOT NULL,
    feedback_ids uuid[] NOT NULL,
    CONSTRAINT cohort_member_pkey PRIMARY KEY (tenant_id, hot_issue_id, profile_id),
    CONSTRAINT cohort_member_hot_issue_fkey FOREIGN KEY (tenant_id, hot_issue_id)
        REFERENCES feedback.hot_issue (tenant_id, hot_issue_id) ON DELETE CASCADE
);

-- Mentions of persons who are not known; part of the evidence, not of those who can be told.
CREATE TABLE feedback.cohort_anonymous (
    hot_issue_id uuid NOT NULL,
    feedback_id  uuid NOT NULL,
    tenant_id    text NOT NULL,
    CONSTRAINT cohort_anonymous_pkey PRIMARY KEY (tenant_id, hot_issue_id, feedback_id),
    CONSTRAINT cohort_anonymous_hot_issue_fkey FOREIGN KEY (tenant_id, hot_issue_id)
        REFERENCES feedback.hot_issue (tenant_id, hot_issue_id) ON DELETE CASCADE
);

-- That a tenant is looked at every hour, from its first feedback on, and when it was last.
CREATE TABLE feedback.detection (
    first_feedback_at timestamptz NOT NULL,
    last_run_at       timestamptz,
    tenant_id         text        NOT NULL,
    CONSTRAINT detection_pkey PRIMARY KEY (tenant_id)
);

-- Each run and what came of it.
CREATE TABLE feedback.detection_run (
    run_at        timestamptz NOT NULL,
    tested        integer     NOT NULL,
    hot           integer     NOT NULL,
    opened        integer     NOT NULL,
    ended         integer     NOT NULL,
    -- Full hours before this one that were due and not run, because time had passed them already.
    skipped_hours integer     NOT NULL,
    tenant_id     text        NOT NULL,
    -- The finding of each hot topic with its numbers, and the hot issue that it opened or belongs to.
    findings      jsonb       NOT NULL,
    CONSTRAINT detection_run_pkey PRIMARY KEY (tenant_id, run_at)
);

-- What a run noticed that is not an issue; once a product.
CREATE TABLE feedback.detection_notice (
    noticed_at  timestamptz NOT NULL,
    tenant_id   text        NOT NULL,
    kind        text        NOT NULL,
    product     text        NOT NULL,
    description text        NOT NULL,
    CONSTRAINT detection_notice_pkey PRIMARY KEY (tenant_id, kind, product)
);
CREATE INDEX detection_notice_noticed_at_idx ON feedback.detection_notice (tenant_id, noticed_at, kind, product);

-- Every table of this file is a tenant's.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['feedback', 'topic_mention', 'slice_count', 'rating_count', 'mention_count',
        'mention_person', 'topic', 'taxonomy', 'hot_issue', 'cohort_member', 'cohort_anonymous', 'detection',
        'detection_run', 'detection_notice']
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
