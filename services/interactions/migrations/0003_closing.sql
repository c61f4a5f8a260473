-- When the matter that an interaction opened was closed; null while it is open, and where there is none.

ALTER TABLE interactions.interaction ADD COLUMN closed_at timestamptz,
    ADD CONSTRAINT interaction_closed_at_check CHECK (closed_at >= occurred_at);
