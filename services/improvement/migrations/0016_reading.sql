-- When a person read what they were told, as the notifications service heard it first; null while nobody vouches for it.

ALTER TABLE improvement.telling
    ADD COLUMN read_at timestamptz,
    ADD CONSTRAINT telling_read_at_check CHECK (read_at IS NULL OR state = 'sent') NOT VALID;
