-- Actions that are overdue go up, step by step.

-- 0 when it was not, 1 to its owner, 2 to the initiative's, 3 to the departments.
ALTER TABLE improvement.action ADD COLUMN escalation int NOT NULL DEFAULT 0,
    ADD CONSTRAINT action_escalation_check CHECK (escalation BETWEEN 0 AND 3);
CREATE INDEX action_action_idx ON improvement.action (tenant_id, action_id);
-- Who has what to do is asked by owner.
CREATE INDEX action_owner_idx ON improvement.action (tenant_id, owner) WHERE completed_at IS NULL;
