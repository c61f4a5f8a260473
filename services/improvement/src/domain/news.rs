//! What happened, in a sentence.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum NewsKind {
    IssueOpened,
    InitiativePlanned,
    InitiativeRolledOut,
    InitiativeStopped,
    ActionOverdue,
    VerdictStated,
    VerdictRestated,
    /// Customers were told what was changed for them: counted for each digest, and no piece of news by itself.
    PeopleTold,
    Recognised,
}

impl NewsKind {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::IssueOpened => "issue_opened",
            Self::InitiativePlanned => "initiative_planned",
            Self::InitiativeRolledOut => "initiative_rolled_out",
            Self::InitiativeStopped => "initiative_stopped",
            Self::ActionOverdue => "action_overdue",
            Self::VerdictStated => "verdict_stated",
            Self::VerdictRestated => "verdict_restated",
            Self::PeopleTold => "people_told",
            Self::Recognised => "recognised",
        }
    }

    /// How a letter counts them: one, several, and what was done.
    pub(crate) const fn counted(self) -> (&'static str, &'static str) {
        match self {
            Self::IssueOpened => ("issue was opened", "issues were opened"),
            Self::InitiativePlanned => ("initiative was planned", "initiatives were planned"),
            Self::InitiativeRolledOut => ("change reached the customers", "changes reached the customers"),
            Self::InitiativeStopped => ("initiative was stopped", "initiatives were stopped"),
            Self::ActionOverdue => ("action is overdue", "actions are overdue"),
            Self::VerdictStated => ("verdict was reached", "verdicts were reached"),
            Self::VerdictRestated => ("verdict was restated", "verdicts were restated"),
            Self::PeopleTold => (
                "customer was told what changed",
                "customers were told what changed",
            ),
            Self::Recognised => (
                "idea that worked is thanked for",
                "ideas that worked are thanked for",
            ),
        }
    }

    /// The heading of their part of a letter.
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::IssueOpened => "New problems",
            Self::InitiativePlanned => "Planned",
            Self::InitiativeRolledOut => "With the customers now",
            Self::InitiativeStopped => "Stopped",
            Self::ActionOverdue => "Overdue",
            Self::VerdictStated => "Did it help?",
            Self::VerdictRestated => "Verdicts that changed",
            Self::PeopleTold => "Customers who were told",
            Self::Recognised => "Thanks",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) kind: NewsKind,
    pub(crate) issue_id: Uuid,
    /// `None` for an issue that was opened.
    pub(crate) initiative_id: Option<Uuid>,
    /// 0 where none is concerned.
    pub(crate) iteration: i32,
    pub(crate) sentence: String,
    /// The names of the departments concerned.
    pub(crate) departments: Vec<String>,
}

/// Something that happened, as a digest of one subscription holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DigestItem {
    /// `None` for people who were told.
    pub(crate) news_id: Option<Uuid>,
    pub(crate) kind: NewsKind,
    pub(crate) issue_id: Uuid,
    pub(crate) initiative_id: Option<Uuid>,
    pub(crate) iteration: i32,
    /// How many persons were told; 0 for everything else.
    pub(crate) people: i64,
    pub(crate) sentence: String,
    pub(crate) because: String,
    pub(crate) happened_at: DateTime<Utc>,
}
