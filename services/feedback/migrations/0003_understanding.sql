-- How texts are understood beyond the first look: texts that wait for an outside engine, what a tenant's customers
-- taught the built-in one, the feeling at each mention, themes.

-- What was heard of interactions and waits to be understood: an outside engine is never asked in the transaction of
-- a subscription. Each row has a timer of the kind `feedback.read`.
CREATE TABLE feedback.heard (
    heard_at       timestamptz NOT NULL,
    interaction_id uuid        NOT NULL,
    tenant_id      text        NOT NULL,
    -- The event `InteractionRecorded`.
    payload        bytea       NOT NULL,
    CONSTRAINT heard_pkey PRIMARY KEY (tenant_id, interaction_id)
);

-- The feeling where a topic is mentioned; NULL when it was not judged.
ALTER TABLE feedback.topic_mention ADD COLUMN sentiment text;
ALTER TABLE feedback.topic_mention ADD CONSTRAINT topic_mention_sentiment_check
    CHECK (sentiment IN ('negative', 'neutral', 'positive')) NOT VALID;

-- Mentions of the row's topic whose feeling was judged where it is mentioned, and judged negative; 0 in rows without
-- a topic.
ALTER TABLE feedback.slice_count ADD COLUMN mention_judged bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.slice_count ADD COLUMN mention_negative bigint NOT NULL DEFAULT 0;
ALTER TABLE feedback.slice_count ADD CONSTRAINT slice_count_mention_check
    CHECK (0 <= mention_negative AND mention_negative <= mention_judged AND mention_judged <= feedback) NOT VALID;

-- Rated answers with a comment: what a tenant's customers teach.
CREATE INDEX feedback_rated_text_idx ON feedback.feedback (tenant_id, occurred_at, feedback_id)
    WHERE rating_scale IN ('csat', 'nps') AND text <> '';

-- That a tenant has rated answers to learn from, and whether what is learnt is used by itself.
CREATE TABLE feedback.learning (
    began_at        timestamptz NOT NULL,
    -- When the newest answer of the last attempt was given.
    through         timestamptz,
    -- Since when somebody has switched it off.
    switched_off_at timestamptz,
    attempts        integer     NOT NULL DEFAULT 0,
    tenant_id       text        NOT NULL,
    CONSTRAINT learning_pkey PRIMARY KEY (tenant_id)
);

-- Each attempt to learn, and what came of it.
CREATE TABLE feedback.correction (
    created_at     timestamptz      NOT NULL,
    activated_at   timestamptz,
    ended_at       timestamptz,
    gain           double precision NOT NULL,
    standard_error double precision NOT NULL,
    correction_id  uuid             NOT NULL,
    number         integer          NOT NULL,
    texts          integer          NOT NULL,
    judged         integer          NOT NULL,
    set_right      integer          NOT NULL,
    spoilt         integer          NOT NULL,
    tenant_id      text             NOT NULL,
    state          text             NOT NULL,
    -- The model it corrects.
    engine         text             NOT NULL,
    reason         text             NOT NULL,
    -- Its weights; NULL for one that was rejected, and for older ones whose weights are not kept any more.
    weights        bytea,
    CONSTRAINT correction_pkey PRIMARY KEY (tenant_id, correction_id),
    CONSTRAINT correction_number_key UNIQUE (tenant_id, number),
    CONSTRAINT correction_state_check CHECK (state IN ('active', 'rejected', 'superseded', 'disabled')),
    CONSTRAINT correction_active_check CHECK (state <> 'active'
        OR (weights IS NOT NULL AND activated_at IS NOT NULL AND ended_at IS NULL))
);
CREATE UNIQUE INDEX correction_active_key ON feedback.correction (tenant_id) WHERE state = 'active';

-- Feedback with a text that is in no theme yet; taken up in the order of its ids, which is that of its arrival.
CREATE TABLE feedback.theme_waiting (
    feedback_id uuid NOT NULL,
    tenant_id   text NOT NULL,
    CONSTRAINT theme_waiting_pkey PRIMARY KEY (tenant_id, feedback_id)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500
);

-- What the tenant's themes have learnt so far, as the text engine writes it down.
CREATE TABLE feedback.theme_state (
    began_at   timestamptz NOT NULL,
    updated_at timestamptz,
    tenant_id  text        NOT NULL,
    -- NULL before the first text.
    state      bytea,
    CONSTRAINT theme_state_pkey PRIMARY KEY (tenant_id)
);

-- A theme as people see it.
CREATE TABLE feedback.theme (
    first_said_at timestamptz NOT NULL,
    last_said_at  timestamptz NOT NULL,
    -- The text engine's own number of it.
    number        bigint      NOT NULL,
    texts         bigint      NOT NULL,
    theme_id      uuid        NOT NULL,
    tenant_id     text        NOT NULL,
    label         text        NOT NULL,
    -- The topic it was promoted to.
    topic_id      text,
    phrases       text[]      NOT NULL,
    -- The languages of its texts, the commonest first.
    languages     text[]      NOT NULL,
    -- Texts that stand for it, personal data removed.
    quotes        text[]      NOT NULL,
    CONSTRAINT theme_pkey PRIMARY KEY (tenant_id, number),
    CONSTRAINT theme_id_key UNIQUE (tenant_id, theme_id)
);

-- Texts of a theme by the day (UTC) they were said.
CREATE TABLE feedback.theme_count (
    day       timestamptz NOT NULL,
    number    bigint      NOT NULL,
    texts     bigint      NOT NULL,
    tenant_id text        NOT NULL,
    CONSTRAINT theme_count_pkey PRIMARY KEY (tenant_id, day, number),
    CONSTRAINT theme_count_texts_check CHECK (texts >= 0)
) WITH (fillfactor = 70);

-- Every table of this file is a tenant's.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['heard', 'learning', 'correction', 'theme_waiting', 'theme_state', 'theme',
        'theme_count']
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
