-- How many tellings of an iteration stand where, kept with every change of one: whoever reads an initiative reads these, and
-- counting a million tellings took most of a second.

CREATE TABLE improvement.telling_count (
    persons       bigint NOT NULL,
    -- Those of them who are known to have read it.
    read          bigint NOT NULL,
    initiative_id uuid   NOT NULL,
    iteration     int    NOT NULL,
    tenant_id     text   NOT NULL,
    state         text   NOT NULL,
    reason        text   NOT NULL,
    CONSTRAINT telling_count_pkey PRIMARY KEY (tenant_id, initiative_id, iteration, state, reason),
    CONSTRAINT telling_count_iteration_fkey FOREIGN KEY (tenant_id, initiative_id, iteration)
        REFERENCES improvement.iteration (tenant_id, initiative_id, number),
    CONSTRAINT telling_count_read_check CHECK (read BETWEEN 0 AND persons)
) WITH (fillfactor = 50);

-- By triggers, because while this version is rolled out a process of the version before writes tellings too. A statement's
-- rows are counted together; rows of counts are written in one order.
CREATE FUNCTION improvement.count_tellings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE improvement.telling_count AS kept
        SET persons = kept.persons - gone.persons, read = kept.read - gone.read
        FROM (SELECT tenant_id, initiative_id, iteration, state, reason, count(*) AS persons, count(read_at) AS read
              FROM old_rows GROUP BY 1, 2, 3, 4, 5) AS gone
        WHERE kept.tenant_id = gone.tenant_id AND kept.initiative_id = gone.initiative_id
          AND kept.iteration = gone.iteration AND kept.state = gone.state AND kept.reason = gone.reason;
    END IF;
    INSERT INTO improvement.telling_count AS kept
        (tenant_id, initiative_id, iteration, state, reason, persons, read)
    SELECT tenant_id, initiative_id, iteration, state, reason, count(*), count(read_at)
    FROM new_rows GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT ON CONSTRAINT telling_count_pkey DO UPDATE
        SET persons = kept.persons + excluded.persons, read = kept.read + excluded.read;
    RETURN NULL;
END $$;
CREATE TRIGGER telling_inserted AFTER INSERT ON improvement.telling
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION improvement.count_tellings();
CREATE TRIGGER telling_updated AFTER UPDATE ON improvement.telling
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION improvement.count_tellings();

-- The triggers keep writers away until this is committed. The table's owner sees all tenants where nothing forces it not to.
ALTER TABLE improvement.telling NO FORCE ROW LEVEL SECURITY;
INSERT INTO improvement.telling_count (tenant_id, initiative_id, iteration, state, reason, persons, read)
SELECT tenant_id, initiative_id, iteration, state, reason, count(*), count(read_at)
FROM improvement.telling GROUP BY 1, 2, 3, 4, 5;
ALTER TABLE improvement.telling FORCE ROW LEVEL SECURITY;

ALTER TABLE improvement.telling_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE improvement.telling_count FORCE ROW LEVEL SECURITY;
CREATE POLICY telling_count_tenant ON improvement.telling_count
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), ''));
