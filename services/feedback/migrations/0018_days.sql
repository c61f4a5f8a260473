-- The rows of whole days by themselves. The primary keys hold every column but the counts, those of hours between those of
-- days; for a year by day that is a hundred times as much to read. Nothing is written here when a count changes.

CREATE INDEX slice_count_day_idx ON feedback.slice_count (tenant_id, topic_id, start) WHERE grain = 'day';
CREATE INDEX rating_count_day_idx ON feedback.rating_count (tenant_id, topic_id, scale, start) WHERE grain = 'day';
