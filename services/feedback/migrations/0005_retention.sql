-- What detection notes for itself grows with every hour and is of no use for ever: retention may see and delete
-- what has expired, for all tenants at once, as it does with `request`. Rows arrive in the order of their time,
-- so block range indexes find the expired ones for next to nothing.
CREATE INDEX mention_person_start_idx ON feedback.mention_person USING brin (start);
CREATE POLICY mention_person_expired_select ON feedback.mention_person FOR SELECT
    USING (start < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);
CREATE POLICY mention_person_expired_delete ON feedback.mention_person FOR DELETE
    USING (start < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);

CREATE INDEX detection_run_run_at_idx ON feedback.detection_run USING brin (run_at);
CREATE POLICY detection_run_expired_select ON feedback.detection_run FOR SELECT
    USING (run_at < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);
CREATE POLICY detection_run_expired_delete ON feedback.detection_run FOR DELETE
    USING (run_at < NULLIF(current_setting('app.expired_before', true), '')::timestamptz);
