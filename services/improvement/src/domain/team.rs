//! Who takes part in improving.

use std::fmt;

use chrono::{DateTime, Utc};

/// What somebody does in improving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum TeamRole {
    ExperienceLead,
    Analyst,
    /// Answers for a department, which has one of them.
    DepartmentOwner,
    ExecutiveSponsor,
    Contributor,
}

impl TeamRole {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ExperienceLead => "experience_lead",
            Self::Analyst => "analyst",
            Self::DepartmentOwner => "department_owner",
            Self::ExecutiveSponsor => "executive_sponsor",
            Self::Contributor => "contributor",
        }
    }
}

/// Somebody of the company who takes part, under the name that owners have elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TeamMember {
    pub(crate) member_id: String,
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) role: TeamRole,
    /// Empty for none.
    pub(crate) department: String,
    pub(crate) updated_at: DateTime<Utc>,
}

// Name and address are personal data and stay out of every log.
impl fmt::Debug for TeamMember {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TeamMember")
            .field("member_id", &self.member_id)
            .field("role", &self.role)
            .field("department", &self.department)
            .finish_non_exhaustive()
    }
}
