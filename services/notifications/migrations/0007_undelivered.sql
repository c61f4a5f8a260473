-- A mail that is sent changes no column of an index any more: the row stays on its page and the indexes as they are. An
-- index by `state` had every other index of the message written once more for each mail, the largest cost of sending it.

-- The state again where the message was not delivered and will not be; what was sent, most of all there is, has none.
ALTER TABLE notifications.message ADD COLUMN undelivered text;
COMMENT ON COLUMN notifications.message.undelivered IS
    'The state of what was blocked or has failed, for the index that finds it; null for all others. Set by a trigger.';

-- By a trigger, because processes of the version before decide about messages too while this one is rolled out.
CREATE FUNCTION notifications.keep_undelivered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.undelivered := CASE WHEN NEW.state IN ('blocked', 'failed') THEN NEW.state END;
    RETURN NEW;
END
$$;
CREATE TRIGGER message_undelivered BEFORE UPDATE ON notifications.message
    FOR EACH ROW WHEN (NEW.state IN ('blocked', 'failed') OR OLD.undelivered IS NOT NULL)
    EXECUTE FUNCTION notifications.keep_undelivered();

-- The owner sees every tenant's for this once.
ALTER TABLE notifications.message NO FORCE ROW LEVEL SECURITY;
UPDATE notifications.message SET undelivered = state WHERE state IN ('blocked', 'failed');
ALTER TABLE notifications.message FORCE ROW LEVEL SECURITY;

CREATE INDEX message_undelivered_idx ON notifications.message (tenant_id, undelivered, message_id)
    WHERE undelivered IS NOT NULL;
DROP INDEX notifications.message_unsent_idx;

-- Messages are queued by thousands and sent in that order, so that all of a page change at once: room for each once more.
-- Where there was none the new rows filled other pages, and every index got them as well.
ALTER TABLE notifications.message SET (fillfactor = 50);

-- Decisions are written about messages that the same transaction holds the lease of; looking for each once more, and
-- locking its row for that, was a third of what writing a decision cost.
ALTER TABLE notifications.decision DROP CONSTRAINT decision_message_fkey;
