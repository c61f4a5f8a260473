-- A larger contact budget wakes what waits for a smaller one.

-- The number of the budget that held when it was decided that the message waits, or that has woken it since; 0 where
-- that was not recorded, as of what the version before lets wait.
ALTER TABLE notifications.message ADD COLUMN deferred_under integer NOT NULL DEFAULT 0;

-- What waits, by the budget it waits for: little of all there is.
CREATE INDEX message_deferred_idx ON notifications.message (tenant_id, deferred_under, message_id)
    WHERE deferred_until IS NOT NULL;
