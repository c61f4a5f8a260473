//! What else happened on the same slice at the same time.

use attune_stats::verdict::{Assumption, Finding};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// How many are named.
pub(crate) const MOST_NAMED: usize = 10;

/// How another initiative reached the customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Reach {
    /// It was rolled out.
    Rollout,
    /// A pilot of it was running.
    Pilot,
}

/// Another initiative that reached customers of the slice between the beginning of the baseline and the look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Confounder {
    pub(crate) initiative_id: Uuid,
    pub(crate) title: String,
    pub(crate) reach: Reach,
    /// When it did, or began to.
    pub(crate) at: DateTime<Utc>,
}

impl Confounder {
    fn in_words(&self) -> String {
        let how = match self.reach {
            Reach::Rollout => "rolled out",
            Reach::Pilot => "in a pilot from",
        };
        format!(
            "\"{}\" {how} {} ({})",
            self.title,
            self.at.format("%Y-%m-%d"),
            self.initiative_id
        )
    }
}

/// That nothing else was done for the same customers at the same time; each initiative that was is named. At most one
/// more than [`MOST_NAMED`] are looked at.
pub(crate) fn alone(confounders: &[Confounder]) -> Assumption {
    named(
        "no other initiative reached customers of the same product at the same time",
        confounders,
        "the effect may be theirs in part",
    )
}

/// That nothing was done for the customers that are compared with.
pub(crate) fn undisturbed(confounders: &[Confounder]) -> Assumption {
    named(
        "no initiative reached customers of the comparison at the same time",
        confounders,
        "what was to be expected may be theirs in part",
    )
}

fn named(statement: &str, confounders: &[Confounder], consequence: &str) -> Assumption {
    let named: Vec<_> = confounders
        .iter()
        .take(MOST_NAMED)
        .map(Confounder::in_words)
        .collect();
    let (finding, detail) = if named.is_empty() {
        (Finding::Holds, "none since the baseline began".to_owned())
    } else {
        let more = if confounders.len() > MOST_NAMED {
            ", and more"
        } else {
            ""
        };
        let named = named.join(", ");
        (Finding::Fails, format!("{named}{more}: {consequence}"))
    };
    Assumption {
        statement: statement.to_owned(),
        finding,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(reach: Reach) -> Confounder {
        Confounder {
            initiative_id: Uuid::nil(),
            title: "Free coffee".to_owned(),
            reach,
            at: "2026-03-14T06:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn whoever_else_did_something_is_named_with_the_day() {
        let found = alone(&[other(Reach::Rollout), other(Reach::Pilot)]);
        assert_eq!(found.finding, Finding::Fails);
        for words in [
            "\"Free coffee\" rolled out 2026-03-14",
            "in a pilot from 2026-03-14",
        ] {
            assert!(found.detail.contains(words), "{}", found.detail);
        }
        assert_eq!(alone(&[]).finding, Finding::Holds);
    }

    #[test]
    fn a_long_list_says_that_there_are_more() {
        let found = alone(&vec![other(Reach::Rollout); MOST_NAMED + 1]);
        assert_eq!(found.detail.matches("Free coffee").count(), MOST_NAMED);
        assert!(found.detail.contains("and more"), "{}", found.detail);
    }
}
