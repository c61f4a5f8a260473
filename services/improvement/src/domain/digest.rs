//! Letters that tell members of the team what changed.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::{CreditedMember, DigestItem, NewsKind};

/// The most lines of a part of a letter; the rest is counted.
const MOST_LINES: usize = 25;

/// What a subscription is about; an empty field is about all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DigestScope {
    pub(crate) department: String,
    pub(crate) topic_id: String,
    /// What is about all products is about this one too.
    pub(crate) product: String,
}

impl DigestScope {
    /// Why something is in a digest of this scope.
    pub(crate) fn because(&self) -> String {
        let named = [
            ("the department", &self.department),
            ("the topic", &self.topic_id),
            ("the product", &self.product),
        ];
        let named: Vec<_> = named
            .into_iter()
            .filter(|(_, name)| !name.is_empty())
            .map(|(what, name)| format!("{what} \"{name}\""))
            .collect();
        if named.is_empty() {
            "you follow everything".to_owned()
        } else {
            format!("you follow {}", named.join(" and "))
        }
    }
}

/// When digests are due: at a full hour of the local time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DigestSchedule {
    /// 1 for Monday to 7 for Sunday, 0 for every day (ISO 8601).
    pub(crate) weekday: i8,
    pub(crate) hour: i8,
    pub(crate) time_zone: TimeZone,
}

impl DigestSchedule {
    /// The first instant after `now` that is due. Where the clock skips the hour, the instant at which it goes on; where it
    /// repeats it, the first one.
    pub(crate) fn next_after(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut day = self.date(now);
        // A day that is due comes within a week; one more, because today's hour may be over.
        for _ in 0..=8 {
            if self.weekday == 0 || day.weekday().to_monday_one_offset() == self.weekday {
                let due = day
                    .at(self.hour, 0, 0, 0)
                    .to_zoned(self.time_zone.clone())
                    .ok()
                    .and_then(|due| DateTime::from_timestamp(due.timestamp().as_second(), 0));
                if let Some(due) = due.filter(|due| *due > now) {
                    return due;
                }
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        // Only at the end of the calendar.
        now + chrono::TimeDelta::days(7)
    }

    /// The local date of an instant.
    fn date(&self, at: DateTime<Utc>) -> Date {
        let at = Timestamp::from_second(at.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.time_zone.clone()).date()
    }

    fn in_words(&self) -> String {
        const DAYS: [&str; 7] = [
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
        ];
        let place = usize::try_from(self.weekday - 1).ok();
        let day = place.and_then(|place| DAYS.get(place)).unwrap_or(&"day");
        format!("each {day} at {:02}:00", self.hour)
    }
}

/// A member's subscription.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug)]
pub(crate) struct DigestSubscription {
    pub(crate) digest_subscription_id: Uuid,
    pub(crate) member_id: String,
    pub(crate) scope: DigestScope,
    pub(crate) schedule: DigestSchedule,
    /// The number of the last digest; 0 before the first.
    pub(crate) digests: i32,
    /// When the period began that the next digest is about.
    pub(crate) period_start: DateTime<Utc>,
    pub(crate) next_at: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A digest: of a period in which nothing happened without a letter and without items.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug)]
pub(crate) struct Digest {
    pub(crate) digest_subscription_id: Uuid,
    pub(crate) number: i32,
    pub(crate) period_start: DateTime<Utc>,
    pub(crate) period_end: DateTime<Utc>,
    pub(crate) letter: Option<Letter>,
    pub(crate) items: Vec<DigestItem>,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) body: String,
}

impl DigestSubscription {
    /// The digest of the period that ends now, and the subscription as it goes on. `named` are those who are thanked by
    /// name, by initiative.
    pub(crate) fn compose(
        &mut self,
        display_name: &str,
        mut items: Vec<DigestItem>,
        named: &HashMap<Uuid, Vec<CreditedMember>>,
        now: DateTime<Utc>,
    ) -> Digest {
        let because = self.scope.because();
        for item in &mut items {
            item.because.clone_from(&because);
        }
        items.sort_by_key(|item| (item.kind, item.happened_at, item.news_id));
        let letter = (!items.is_empty()).then(|| Letter {
            subject: self.subject(&items, now),
            body: self.body(display_name, &items, named, now),
        });
        let period_start = std::mem::replace(&mut self.period_start, now);
        self.digests += 1;
        self.next_at = self.schedule.next_after(now);
        Digest {
            digest_subscription_id: self.digest_subscription_id,
            number: self.digests,
            period_start,
            period_end: now,
            letter,
            items,
        }
    }

    fn subject(&self, items: &[DigestItem], now: DateTime<Utc>) -> String {
        let counted: Vec<_> = parts(items).map(|(kind, part)| counted(kind, part)).collect();
        let told = counted.iter().take(2).cloned().collect::<Vec<_>>();
        let more = if counted.len() > told.len() {
            " and more"
        } else {
            ""
        };
        format!(
            "What changed for our customers until {}: {}{more}",
            self.schedule.date(now).strftime("%-d %B"),
            told.join(", ")
        )
    }

    fn body(
        &self,
        display_name: &str,
        items: &[DigestItem],
        named: &HashMap<Uuid, Vec<CreditedMember>>,
        now: DateTime<Utc>,
    ) -> String {
        let counted: Vec<_> = parts(items).map(|(kind, part)| counted(kind, part)).collect();
        let mut body = format!(
            "Dear {display_name},\n\nfrom {} to {}, {}.\n",
            self.schedule.date(self.period_start).strftime("%-d %B %Y"),
            self.schedule.date(now).strftime("%-d %B %Y"),
            listed(&counted)
        );
        for (kind, part) in parts(items) {
            // Writing into a String cannot fail.
            let _ = write!(body, "\n{}\n", kind.heading());
            for item in part.iter().take(MOST_LINES) {
                let _ = writeln!(body, "- {}{}", item.sentence, thanks(item, named));
            }
            if part.len() > MOST_LINES {
                let _ = writeln!(
                    body,
                    "- and {} more, which ListDigests names",
                    part.len() - MOST_LINES
                );
            }
        }
        let _ = write!(
            body,
            "\nYou get this {}, because {}.\n",
            self.schedule.in_words(),
            self.scope.because()
        );
        body
    }
}

/// The items of each kind, which stand together.
fn parts(items: &[DigestItem]) -> impl Iterator<Item = (NewsKind, &[DigestItem])> {
    items
        .chunk_by(|one, next| one.kind == next.kind)
        .filter_map(|part| part.first().map(|first| (first.kind, part)))
}

/// `1 issue was opened`, `1,240 customers were told what changed`.
fn counted(kind: NewsKind, part: &[DigestItem]) -> String {
    let count = match kind {
        NewsKind::PeopleTold => part.iter().map(|item| item.people).sum(),
        _ => i64::try_from(part.len()).unwrap_or(i64::MAX),
    };
    let (one, several) = kind.counted();
    format!("{} {}", grouped(count), if count == 1 { one } else { several })
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `a, b and c`.
fn listed(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Who is thanked by name.
fn thanks(item: &DigestItem, credited: &HashMap<Uuid, Vec<CreditedMember>>) -> String {
    let members = item.initiative_id.and_then(|id| credited.get(&id));
    let names: Vec<_> = members
        .filter(|_| item.kind == NewsKind::Recognised)
        .into_iter()
        .flatten()
        .map(|member| member.display_name.clone())
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" It was the idea of {}.", listed(&names))
    }
}

#[cfg(test)]
mod tests;
