//! Whether a person is asked on an occasion. Rule `eligibility-2`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::BUDGET_DAYS;
use crate::domain::survey::Eligibility;

/// The rule's name and version, as decisions record it. Another way to decide is another version.
pub(crate) const RULE: &str = "eligibility-2";

/// One part of the rule, and what it was based on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) passed: bool,
    pub(crate) description: String,
    /// What the invitation is declined with when this does not pass first.
    reason: String,
}

/// What is known of a person when it is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// The decision in force for mail and surveys; none when there never was one.
    pub(crate) consent: Option<bool>,
    pub(crate) has_address: bool,
    pub(crate) language: String,
}

/// What the notifications service said of the company's contact budget, over everything that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// The contact that it holds for the message; none when the budget is used up.
    pub(crate) contact_id: Option<Uuid>,
    /// How many contacts there were besides.
    pub(crate) used: i32,
    /// 0 for no limit.
    pub(crate) most: i32,
    pub(crate) days: i32,
}

/// What a decision is based on.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) survey_id: Uuid,
    pub(crate) profile_id: Uuid,
    pub(crate) occasion: &'a str,
    pub(crate) published: bool,
    /// None when nobody knows this person.
    pub(crate) person: Option<&'a Person>,
    /// When any survey invited the person last.
    pub(crate) last_invited_at: Option<DateTime<Utc>>,
    /// How often surveys wrote to the person within [`BUDGET_DAYS`].
    pub(crate) contacts: i64,
    /// How many this survey invited within a day.
    pub(crate) invited_today: i64,
    /// None where the notifications service was not asked, since the rest of the rule does not allow it.
    pub(crate) reservation: Option<&'a Reservation>,
    pub(crate) now: DateTime<Utc>,
}

/// Decides: every part of the rule, and the reason of the first that does not allow it. All parts are looked at, so
/// that the record tells the whole.
pub(crate) fn decide(rules: Eligibility, facts: &Facts<'_>) -> (Option<String>, Vec<Check>) {
    let checks = vec![
        published(facts),
        known(facts),
        consent(facts),
        address(facts),
        cool_down(rules, facts),
        budget(rules, facts),
        sampling(rules, facts),
        quota(rules, facts),
        company_budget(facts),
    ];
    let refused = checks.iter().find(|check| !check.passed);
    (refused.map(|check| check.reason.clone()), checks)
}

fn check(name: &str, passed: bool, reason: &str, description: impl Into<String>) -> Check {
    Check {
        name: name.to_owned(),
        passed,
        description: description.into(),
        reason: reason.to_owned(),
    }
}

fn published(facts: &Facts<'_>) -> Check {
    let state = if facts.published {
        "published"
    } else {
        "not published"
    };
    check(
        "survey",
        facts.published,
        "not_published",
        format!("the survey is {state}"),
    )
}

fn known(facts: &Facts<'_>) -> Check {
    let passed = facts.person.is_some();
    let word = if passed { "known" } else { "not known" };
    check(
        "person",
        passed,
        "unknown_profile",
        format!("the person is {word}"),
    )
}

/// What was never decided is not allowed.
fn consent(facts: &Facts<'_>) -> Check {
    let consent = facts.person.and_then(|person| person.consent);
    let word = match consent {
        Some(true) => "granted",
        Some(false) => "denied",
        None => "never decided",
    };
    let description = format!("consent to mail for surveys is {word}");
    check("consent", consent == Some(true), "no_consent", description)
}

fn address(facts: &Facts<'_>) -> Check {
    let passed = facts.person.is_some_and(|person| person.has_address);
    let word = if passed { "there is" } else { "there is no" };
    check("address", passed, "no_address", format!("{word} mail address"))
}

fn cool_down(rules: Eligibility, facts: &Facts<'_>) -> Check {
    let days = i64::from(rules.cool_down_days);
    let until = facts.last_invited_at.map(|last| last + TimeDelta::days(days));
    let passed = days == 0 || until.is_none_or(|until| until <= facts.now);
    let last = facts.last_invited_at.map_or("never".to_owned(), |last| {
        format!("at {}", last.format("%Y-%m-%d %H:%M UTC"))
    });
    let description = if days == 0 {
        format!("invited last {last}; there is no cool-down")
    } else {
        format!("invited last {last}; the cool-down is {days} days")
    };
    check("cool_down", passed, "cool_down", description)
}

fn budget(rules: Eligibility, facts: &Facts<'_>) -> Check {
    let (most, used) = (i64::from(rules.contact_budget), facts.contacts);
    let description = if most == 0 {
        format!("written to {used} times in {BUDGET_DAYS} days; there is no budget")
    } else {
        format!("written to {used} times in {BUDGET_DAYS} days; the budget is {most}")
    };
    check(
        "contact_budget",
        most == 0 || used < most,
        "contact_budget",
        description,
    )
}

fn sampling(rules: Eligibility, facts: &Facts<'_>) -> Check {
    let draw = draw(facts.survey_id, facts.profile_id, facts.occasion);
    let share = rules.sampling_share;
    let description = format!("drew {draw:.6}; the share asked is {share}");
    check("sampling", draw < share, "not_sampled", description)
}

fn quota(rules: Eligibility, facts: &Facts<'_>) -> Check {
    let (most, used) = (i64::from(rules.daily_quota), facts.invited_today);
    let description = if most == 0 {
        format!("the survey invited {used} within 24 hours; there is no quota")
    } else {
        format!("the survey invited {used} within 24 hours; the quota is {most}")
    };
    check("quota", most == 0 || used < most, "quota", description)
}

/// What is not asked for is refused by another part.
fn company_budget(facts: &Facts<'_>) -> Check {
    const NAME: &str = "company_contact_budget";
    let description = match facts.reservation {
        None => "not asked for, since another rule does not allow it".to_owned(),
        Some(Reservation {
            used, most: 0, days, ..
        }) => format!("the company wrote {used} times in {days} days; there is no budget"),
        Some(Reservation { used, most, days, .. }) => {
            format!("the company wrote {used} times in {days} days; its budget is {most}")
        }
    };
    let passed = facts
        .reservation
        .is_none_or(|reservation| reservation.contact_id.is_some());
    check(NAME, passed, "contact_budget_used", description)
}

/// A number from 0 to 1 that is the same for the same survey, person and occasion, and evenly spread over them: the
/// first 53 bits of a SHA-256.
fn draw(survey_id: Uuid, profile_id: Uuid, occasion: &str) -> f64 {
    let mut hash = Sha256::new();
    hash.update(survey_id.as_bytes());
    hash.update(profile_id.as_bytes());
    hash.update(occasion.as_bytes());
    let digest = hash.finalize();
    let bits = digest.first_chunk::<8>().copied().map_or(0, u64::from_be_bytes) >> 11;
    // 2⁵³ is the number of values that 53 bits have.
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Eligibility = Eligibility {
        cool_down_days: 0,
        contact_budget: 0,
        sampling_share: 1.0,
        daily_quota: 0,
    };

    fn now() -> DateTime<Utc> {
        "2026-03-02T08:00:00Z".parse().unwrap()
    }

    fn willing() -> Person {
        Person {
            consent: Some(true),
            has_address: true,
            language: "en".to_owned(),
        }
    }

    fn facts(person: Option<&Person>) -> Facts<'_> {
        Facts {
            survey_id: Uuid::nil(),
            profile_id: Uuid::max(),
            occasion: "order 1",
            published: true,
            person,
            last_invited_at: None,
            contacts: 0,
            invited_today: 0,
            reservation: None,
            now: now(),
        }
    }

    fn reason(rules: Eligibility, facts: &Facts<'_>) -> Option<String> {
        decide(rules, facts).0
    }

    #[test]
    fn who_consented_is_asked_and_nobody_else() {
        assert_eq!(reason(FREE, &facts(Some(&willing()))), None);
        assert_eq!(reason(FREE, &facts(None)).as_deref(), Some("unknown_profile"));
        for consent in [None, Some(false)] {
            let person = Person { consent, ..willing() };
            assert_eq!(reason(FREE, &facts(Some(&person))).as_deref(), Some("no_consent"));
        }
        let unreachable = Person {
            has_address: false,
            ..willing()
        };
        assert_eq!(
            reason(FREE, &facts(Some(&unreachable))).as_deref(),
            Some("no_address")
        );
    }

    #[test]
    fn a_person_is_left_alone_until_the_cool_down_is_over() {
        let (rules, person) = (
            Eligibility {
                cool_down_days: 7,
                ..FREE
            },
            willing(),
        );
        let invited = |days, minutes| Facts {
            last_invited_at: Some(now() - TimeDelta::days(days) - TimeDelta::minutes(minutes)),
            ..facts(Some(&person))
        };
        assert_eq!(reason(rules, &invited(6, 1439)).as_deref(), Some("cool_down"));
        assert_eq!(reason(rules, &invited(7, 0)), None);
        assert_eq!(reason(FREE, &invited(0, 1)), None);
    }

    #[test]
    fn budget_and_quota_allow_as_many_as_they_say() {
        let person = willing();
        let rules = Eligibility {
            contact_budget: 2,
            daily_quota: 3,
            ..FREE
        };
        let used = |contacts, invited_today| Facts {
            contacts,
            invited_today,
            ..facts(Some(&person))
        };
        assert_eq!(reason(rules, &used(1, 2)), None);
        assert_eq!(reason(rules, &used(2, 2)).as_deref(), Some("contact_budget"));
        assert_eq!(reason(rules, &used(1, 3)).as_deref(), Some("quota"));
    }

    #[test]
    fn who_got_all_that_the_company_sends_is_not_asked_and_the_record_says_how_much_that_was() {
        let person = willing();
        let used_up = Reservation {
            contact_id: None,
            used: 3,
            most: 3,
            days: 7,
        };
        let full = Facts {
            reservation: Some(&used_up),
            ..facts(Some(&person))
        };
        let (refused, checks) = decide(FREE, &full);
        assert_eq!(refused.as_deref(), Some("contact_budget_used"));
        let said = "the company wrote 3 times in 7 days; its budget is 3";
        assert_eq!(checks.last().unwrap().description, said);
        let held = Reservation {
            contact_id: Some(Uuid::max()),
            ..used_up
        };
        let free = Facts {
            reservation: Some(&held),
            ..full
        };
        assert_eq!(reason(FREE, &free), None);
    }

    #[test]
    fn the_record_tells_every_part_also_after_the_one_that_refused() {
        let (refused, checks) = decide(FREE, &facts(None));
        assert!(refused.is_some());
        let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
        let expected = [
            "survey",
            "person",
            "consent",
            "address",
            "cool_down",
            "contact_budget",
            "sampling",
            "quota",
            "company_contact_budget",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_share_that_is_drawn_is_the_share_that_is_asked() {
        let person = willing();
        let rules = Eligibility {
            sampling_share: 0.2,
            ..FREE
        };
        let asked = (0..5_000_u128)
            .filter(|n| {
                let drawn = Facts {
                    profile_id: Uuid::from_u128(*n),
                    ..facts(Some(&person))
                };
                reason(rules, &drawn).is_none()
            })
            .count();
        // Five standard deviations of a binomial around 1000.
        assert!((860..=1140).contains(&asked), "{asked}");
        let once = draw(Uuid::nil(), Uuid::max(), "a");
        assert!((once - draw(Uuid::nil(), Uuid::max(), "a")).abs() < f64::EPSILON);
        assert!((once - draw(Uuid::nil(), Uuid::max(), "b")).abs() > f64::EPSILON);
    }
}
