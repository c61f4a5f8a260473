-- What improvements cost and what they are worth.

-- The ledger. Append only: a wrong booking is reversed by another one.
CREATE TABLE improvement.cost (
    booked_at     timestamptz NOT NULL,
    -- In the currency's smallest unit.
    amount        bigint NOT NULL,
    cost_id       uuid   NOT NULL,
    initiative_id uuid   NOT NULL,
    action_id     uuid,
    reverses      uuid,
    tenant_id     text   NOT NULL,
    currency      text   NOT NULL,
    kind          text   NOT NULL,
    source        text   NOT NULL,
    CONSTRAINT cost_pkey PRIMARY KEY (tenant_id, cost_id),
    CONSTRAINT cost_initiative_fkey FOREIGN KEY (tenant_id, initiative_id)
        REFERENCES improvement.initiative (tenant_id, initiative_id),
    CONSTRAINT cost_reverses_fkey FOREIGN KEY (tenant_id, reverses) REFERENCES improvement.cost (tenant_id, cost_id),
    -- A booking is taken back once.
    CONSTRAINT cost_reverses_key UNIQUE (tenant_id, reverses),
    CONSTRAINT cost_amount_check CHECK (amount <> 0 AND (amount < 0) = (reverses IS NOT NULL)),
    CONSTRAINT cost_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT cost_kind_check CHECK
        (kind IN ('labour', 'material', 'software', 'services', 'compensation', 'training', 'other'))
);
CREATE INDEX cost_initiative_idx ON improvement.cost (tenant_id, initiative_id, cost_id);

-- What a customer and a contact are worth; append only.
CREATE TABLE improvement.worth_parameters (
    set_at              timestamptz NOT NULL,
    worth_parameters_id uuid  NOT NULL,
    version             int   NOT NULL,
    tenant_id           text  NOT NULL,
    currency            text  NOT NULL,
    customer_value      jsonb NOT NULL,
    cost_per_contact    jsonb NOT NULL,
    CONSTRAINT worth_parameters_pkey PRIMARY KEY (tenant_id, version),
    CONSTRAINT worth_parameters_id_key UNIQUE (tenant_id, worth_parameters_id),
    CONSTRAINT worth_parameters_version_check CHECK (version > 0),
    CONSTRAINT worth_parameters_currency_check CHECK (currency ~ '^[A-Z]{3}$')
);

-- Every statement of worth ever made, with all it was computed from; append only.
CREATE TABLE improvement.worth_statement (
    made_at            timestamptz NOT NULL,
    worth_statement_id uuid  NOT NULL,
    initiative_id      uuid  NOT NULL,
    number             int   NOT NULL,
    tenant_id          text  NOT NULL,
    worth              jsonb NOT NULL,
    CONSTRAINT worth_statement_pkey PRIMARY KEY (tenant_id, initiative_id, number),
    CONSTRAINT worth_statement_id_key UNIQUE (tenant_id, worth_statement_id),
    CONSTRAINT worth_statement_initiative_fkey FOREIGN KEY (tenant_id, initiative_id)
        REFERENCES improvement.initiative (tenant_id, initiative_id),
    CONSTRAINT worth_statement_number_check CHECK (number > 0)
);

ALTER TABLE improvement.cost ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.cost FORCE ROW LEVEL SECURITY;
CREATE POLICY cost_tenant ON improvement.cost
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.worth_parameters ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.worth_parameters FORCE ROW LEVEL SECURITY;
CREATE POLICY worth_parameters_tenant ON improvement.worth_parameters
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
ALTER TABLE improvement.worth_statement ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.worth_statement FORCE ROW LEVEL SECURITY;
CREATE POLICY worth_statement_tenant ON improvement.worth_statement
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
