-- An issue that turned out to be two problems: one of them becomes an issue of its own, and nobody leaves a frozen cohort.

ALTER TABLE improvement.issue
    ADD COLUMN split_from uuid,
    -- Those of the cohort who are told by issues split from this one.
    ADD COLUMN gone_on bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT issue_origin_check,
    ADD CONSTRAINT issue_origin_check CHECK (origin IN ('detected', 'reported', 'employees', 'split')),
    ADD CONSTRAINT issue_split_from_fkey FOREIGN KEY (tenant_id, split_from)
        REFERENCES improvement.issue (tenant_id, issue_id),
    ADD CONSTRAINT issue_split_from_check
        CHECK ((origin = 'split') = (split_from IS NOT NULL) AND split_from <> issue_id),
    ADD CONSTRAINT issue_gone_on_check CHECK (gone_on BETWEEN 0 AND cohort_size);

ALTER TABLE improvement.issue_relation
    -- Of those who joined by a split, how many are told by the part alone.
    ADD COLUMN members_gone_on bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT issue_relation_kind_check,
    ADD CONSTRAINT issue_relation_kind_check
        CHECK (kind IN ('related', 'causes', 'part_of', 'merged_into', 'split_from')),
    DROP CONSTRAINT issue_relation_rule_check,
    ADD CONSTRAINT issue_relation_rule_check CHECK ((kind IN ('merged_into', 'split_from')) = (rule <> '')),
    ADD CONSTRAINT issue_relation_members_gone_on_check CHECK (members_gone_on BETWEEN 0 AND members_joined);

-- The split by which a person or a piece of feedback went on; null for what stays.
ALTER TABLE improvement.cohort_member
    ADD COLUMN gone_on_by uuid,
    ADD CONSTRAINT cohort_member_gone_on_by_fkey FOREIGN KEY (tenant_id, gone_on_by)
        REFERENCES improvement.issue_relation (tenant_id, issue_relation_id);
ALTER TABLE improvement.evidence
    ADD COLUMN gone_on_by uuid,
    ADD CONSTRAINT evidence_gone_on_by_fkey FOREIGN KEY (tenant_id, gone_on_by)
        REFERENCES improvement.issue_relation (tenant_id, issue_relation_id);
CREATE INDEX cohort_member_gone_on_idx ON improvement.cohort_member (tenant_id, issue_id, profile_id)
    WHERE gone_on_by IS NOT NULL;
