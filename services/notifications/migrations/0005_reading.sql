-- When a person read a message, as somebody vouches who delivers it.

ALTER TABLE notifications.message
    ADD COLUMN read_at timestamptz,
    -- Who said so first.
    ADD COLUMN read_source text,
    ADD CONSTRAINT message_read_at_check CHECK (read_at IS NULL OR state = 'sent') NOT VALID,
    ADD CONSTRAINT message_read_source_check CHECK ((read_at IS NULL) = (read_source IS NULL)) NOT VALID;
