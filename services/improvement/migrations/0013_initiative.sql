-- What an action waits for, every step of an initiative with who took it and why, who does the work and what it may cost.

-- Actions are never deleted, so that an id that was found once stays good.
ALTER TABLE improvement.action
    ADD COLUMN depends_on uuid[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT action_depends_on_check CHECK (cardinality(depends_on) <= 20 AND action_id <> ALL (depends_on));

-- `transitions` counts the steps that are recorded: none for what came before. No initiative stays ineffective: its next
-- iteration is planned in the same transaction.
ALTER TABLE improvement.initiative
    ADD COLUMN transitions int NOT NULL DEFAULT 0,
    ADD CONSTRAINT initiative_transitions_check CHECK (transitions >= 0),
    DROP CONSTRAINT initiative_state_check,
    ADD CONSTRAINT initiative_state_check CHECK
        (state IN ('proposed', 'planned', 'in_progress', 'rolled_out', 'measuring', 'effective', 'stopped'));

-- An amount in the currency's smallest unit, as in the ledger of costs.
ALTER TABLE improvement.initiative
    ADD COLUMN budget bigint,
    ADD COLUMN budget_currency text,
    ADD COLUMN team text NOT NULL DEFAULT '',
    ADD CONSTRAINT initiative_budget_check CHECK (budget > 0),
    ADD CONSTRAINT initiative_budget_currency_check
        CHECK ((budget IS NULL) = (budget_currency IS NULL) AND budget_currency ~ '^[A-Z]{3}$');

-- The steps of initiatives; append only.
CREATE TABLE improvement.initiative_transition (
    happened_at   timestamptz NOT NULL,
    initiative_id uuid NOT NULL,
    number        int  NOT NULL,
    iteration     int  NOT NULL,
    tenant_id     text NOT NULL,
    from_state    text,
    to_state      text NOT NULL,
    done_by       text NOT NULL,
    reason        text NOT NULL,
    evidence      text NOT NULL,
    CONSTRAINT initiative_transition_pkey PRIMARY KEY (tenant_id, initiative_id, number),
    CONSTRAINT initiative_transition_initiative_fkey FOREIGN KEY (tenant_id, initiative_id)
        REFERENCES improvement.initiative (tenant_id, initiative_id),
    CONSTRAINT initiative_transition_number_check CHECK (number > 0 AND iteration > 0),
    CONSTRAINT initiative_transition_from_state_check CHECK (from_state IN
        ('proposed', 'planned', 'in_progress', 'rolled_out', 'measuring', 'ineffective')),
    CONSTRAINT initiative_transition_to_state_check CHECK (to_state IN
        ('proposed', 'planned', 'in_progress', 'rolled_out', 'measuring', 'effective', 'ineffective', 'stopped')),
    CONSTRAINT initiative_transition_done_by_check CHECK (done_by <> '')
);

ALTER TABLE improvement.initiative_transition ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.initiative_transition FORCE ROW LEVEL SECURITY;
CREATE POLICY initiative_transition_tenant ON improvement.initiative_transition
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
