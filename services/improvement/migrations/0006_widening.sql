-- An issue whose hot issue was widened from one product to all follows it, unless it is being measured on its slice.

ALTER TABLE improvement.issue
    ADD COLUMN widened_at timestamptz,
    -- Why it was widened, or why it was not though its hot issue was; empty where nothing was widened.
    ADD COLUMN widening text NOT NULL DEFAULT '';
