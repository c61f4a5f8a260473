-- Which matter an interaction is about, and how long the person waited in it.

ALTER TABLE interactions.interaction ADD COLUMN matter_id text NOT NULL DEFAULT '',
    -- Null where the channel does not know.
    ADD COLUMN waited_ms bigint,
    ADD CONSTRAINT interaction_waited_ms_check CHECK (waited_ms >= 0);
