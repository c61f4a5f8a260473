-- What is in flight is read the oldest first; what was closed is by far the most.
CREATE INDEX issue_in_flight_idx ON improvement.issue (tenant_id, issue_id) WHERE state IN ('open', 'in_work');
CREATE INDEX issue_closed_idx ON improvement.issue (tenant_id, closed_at) WHERE state = 'resolved';
