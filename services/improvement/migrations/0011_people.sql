-- The people of the loop: who they are, whom an improvement thanks, and what each of them is told.

-- Somebody of the company who takes part, by the name that owners have elsewhere. Name and address are personal data: they
-- are erased with the row.
CREATE TABLE improvement.team_member (
    updated_at   timestamptz NOT NULL,
    tenant_id    text NOT NULL,
    member_id    text NOT NULL,
    display_name text NOT NULL,
    email        text NOT NULL,
    role         text NOT NULL,
    department   text NOT NULL,
    CONSTRAINT team_member_pkey PRIMARY KEY (tenant_id, member_id),
    CONSTRAINT team_member_tenant_id_check CHECK (tenant_id <> ''),
    CONSTRAINT team_member_role_check CHECK (role IN ('experience_lead', 'analyst', 'department_owner',
                                                      'executive_sponsor', 'contributor')),
    CONSTRAINT team_member_department_check CHECK (role <> 'department_owner' OR department <> '')
);
-- What is overdue goes to one person.
CREATE UNIQUE INDEX team_member_department_owner_key ON improvement.team_member (tenant_id, lower(department))
    WHERE role = 'department_owner';
-- Owners of actions may be named by their address.
CREATE INDEX team_member_email_idx ON improvement.team_member (tenant_id, lower(email));

-- Members who chose to be named for the idea of an initiative. Of nobody else anything is kept.
CREATE TABLE improvement.credit (
    initiative_id uuid NOT NULL,
    tenant_id     text NOT NULL,
    member_id     text NOT NULL,
    CONSTRAINT credit_pkey PRIMARY KEY (tenant_id, initiative_id, member_id),
    CONSTRAINT credit_initiative_fkey FOREIGN KEY (tenant_id, initiative_id)
        REFERENCES improvement.initiative (tenant_id, initiative_id),
    CONSTRAINT credit_member_fkey FOREIGN KEY (tenant_id, member_id)
        REFERENCES improvement.team_member (tenant_id, member_id) ON DELETE CASCADE
);
CREATE INDEX credit_member_idx ON improvement.credit (tenant_id, member_id);

-- Thanks for an improvement that was proven to help, written once: with the number of employees as it was then, and the
-- statement that it rests on. Whether it stands is what the last statement says. Names are those of `credit`.
CREATE TABLE improvement.recognition (
    recognised_at  timestamptz NOT NULL,
    employees      bigint NOT NULL,
    recognition_id uuid   NOT NULL,
    initiative_id  uuid   NOT NULL,
    iteration      int    NOT NULL,
    statement      int    NOT NULL,
    tenant_id      text   NOT NULL,
    CONSTRAINT recognition_pkey PRIMARY KEY (tenant_id, recognition_id),
    CONSTRAINT recognition_iteration_key UNIQUE (tenant_id, initiative_id, iteration),
    CONSTRAINT recognition_verdict_fkey FOREIGN KEY (tenant_id, initiative_id, iteration, statement)
        REFERENCES improvement.verdict (tenant_id, initiative_id, iteration, statement),
    -- The floor holds here as it does where employees' reports are released.
    CONSTRAINT recognition_employees_check CHECK (employees >= 0 AND employees % 5 = 0)
);

-- What happened, in a sentence, for digests; written beside the event where somebody has subscribed, and kept as long as a
-- digest may be late.
CREATE TABLE improvement.news (
    happened_at   timestamptz NOT NULL,
    news_id       uuid   NOT NULL,
    issue_id      uuid   NOT NULL,
    initiative_id uuid,
    iteration     int    NOT NULL,
    tenant_id     text   NOT NULL,
    kind          text   NOT NULL,
    sentence      text   NOT NULL,
    topic_id      text   NOT NULL,
    product       text   NOT NULL,
    departments   text[] NOT NULL,
    CONSTRAINT news_pkey PRIMARY KEY (tenant_id, news_id),
    CONSTRAINT news_kind_check CHECK (kind IN ('issue_opened', 'initiative_planned', 'initiative_rolled_out',
        'initiative_stopped', 'action_overdue', 'verdict_stated', 'verdict_restated', 'recognised'))
);
CREATE INDEX news_happened_at_idx ON improvement.news (tenant_id, happened_at, news_id);

-- Who gets which digest. `digests` is the number of the last one.
CREATE TABLE improvement.digest_subscription (
    created_at             timestamptz NOT NULL,
    next_at                timestamptz NOT NULL,
    period_start           timestamptz NOT NULL,
    digest_subscription_id uuid NOT NULL,
    digests                int  NOT NULL,
    weekday                int  NOT NULL,
    hour                   int  NOT NULL,
    tenant_id              text NOT NULL,
    member_id              text NOT NULL,
    department             text NOT NULL,
    topic_id               text NOT NULL,
    product                text NOT NULL,
    time_zone              text NOT NULL,
    CONSTRAINT digest_subscription_pkey PRIMARY KEY (tenant_id, digest_subscription_id),
    CONSTRAINT digest_subscription_member_fkey FOREIGN KEY (tenant_id, member_id)
        REFERENCES improvement.team_member (tenant_id, member_id) ON DELETE CASCADE,
    CONSTRAINT digest_subscription_weekday_check CHECK (weekday BETWEEN 0 AND 7),
    CONSTRAINT digest_subscription_hour_check CHECK (hour BETWEEN 0 AND 23)
) WITH (fillfactor = 80);
CREATE INDEX digest_subscription_member_idx ON improvement.digest_subscription (tenant_id, member_id);

-- One period of a subscription.
CREATE TABLE improvement.digest (
    period_start           timestamptz NOT NULL,
    period_end             timestamptz NOT NULL,
    digest_subscription_id uuid NOT NULL,
    number                 int  NOT NULL,
    tenant_id              text NOT NULL,
    state                  text NOT NULL,
    subject                text NOT NULL,
    CONSTRAINT digest_pkey PRIMARY KEY (tenant_id, digest_subscription_id, number),
    CONSTRAINT digest_subscription_fkey FOREIGN KEY (tenant_id, digest_subscription_id)
        REFERENCES improvement.digest_subscription (tenant_id, digest_subscription_id) ON DELETE CASCADE,
    CONSTRAINT digest_state_check CHECK (state IN ('sent', 'nothing_to_say')),
    CONSTRAINT digest_subject_check CHECK ((state = 'sent') = (subject <> ''))
);

-- What a digest contained. Without a piece of news for people who were told: these are counted.
CREATE TABLE improvement.digest_item (
    happened_at            timestamptz NOT NULL,
    people                 bigint NOT NULL,
    digest_subscription_id uuid   NOT NULL,
    news_id                uuid,
    issue_id               uuid   NOT NULL,
    initiative_id          uuid,
    number                 int    NOT NULL,
    place                  int    NOT NULL,
    iteration              int    NOT NULL,
    tenant_id              text   NOT NULL,
    kind                   text   NOT NULL,
    sentence               text   NOT NULL,
    because                text   NOT NULL,
    CONSTRAINT digest_item_pkey PRIMARY KEY (tenant_id, digest_subscription_id, number, place),
    -- One thing is told once to a subscriber, whatever dies when.
    CONSTRAINT digest_item_news_key UNIQUE (tenant_id, digest_subscription_id, news_id),
    CONSTRAINT digest_item_digest_fkey FOREIGN KEY (tenant_id, digest_subscription_id, number)
        REFERENCES improvement.digest (tenant_id, digest_subscription_id, number) ON DELETE CASCADE,
    CONSTRAINT digest_item_news_check CHECK ((kind = 'people_told') = (news_id IS NULL)),
    CONSTRAINT digest_item_people_check CHECK ((kind = 'people_told') = (people > 0))
);
CREATE INDEX digest_item_told_idx ON improvement.digest_item
    (tenant_id, digest_subscription_id, initiative_id, iteration) WHERE kind = 'people_told';

-- Whom changes of the last weeks were told to is counted for digests.
CREATE INDEX iteration_rolled_out_at_idx ON improvement.iteration (tenant_id, rolled_out_at)
    WHERE rolled_out_at IS NOT NULL;

ALTER TABLE improvement.team_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.team_member FORCE ROW LEVEL SECURITY;
CREATE POLICY team_member_tenant ON improvement.team_member
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.credit ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.credit FORCE ROW LEVEL SECURITY;
CREATE POLICY credit_tenant ON improvement.credit
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.recognition ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.recognition FORCE ROW LEVEL SECURITY;
CREATE POLICY recognition_tenant ON improvement.recognition
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.news ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.news FORCE ROW LEVEL SECURITY;
CREATE POLICY news_tenant ON improvement.news
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.digest_subscription ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.digest_subscription FORCE ROW LEVEL SECURITY;
CREATE POLICY digest_subscription_tenant ON improvement.digest_subscription
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.digest ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.digest FORCE ROW LEVEL SECURITY;
CREATE POLICY digest_tenant ON improvement.digest
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.digest_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.digest_item FORCE ROW LEVEL SECURITY;
CREATE POLICY digest_item_tenant ON improvement.digest_item
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
