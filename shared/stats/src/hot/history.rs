//! The counts a run looks at: hourly, per product and per topic and product.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Timelike, Utc};

/// The longest history a run uses: eight weeks.
pub const MAXIMUM_DAYS: usize = 56;

/// Hours before `now`, zero for the hour that ends at `now`, and how many in that hour.
pub(super) type HourCounts = Vec<(u16, u32)>;

/// Why counts were refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HistoryError {
    /// A run ends at the end of an hourly bucket.
    #[error("the instant of a run must be a full hour, not {0}; use the end of an hourly bucket")]
    NotAFullHour(DateTime<Utc>),
}

/// Hourly counts up to one instant. Hours that are not mentioned count as zero, unless the whole tenant is silent
/// for longer than chance explains: then they are missing.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub(super) now: DateTime<Utc>,
    pub(super) totals: BTreeMap<String, HourCounts>,
    pub(super) mentions: BTreeMap<String, BTreeMap<String, HourCounts>>,
    pub(super) tracked_since: BTreeMap<String, DateTime<Utc>>,
}

impl History {
    /// An empty history for a run at `now`.
    ///
    /// # Errors
    /// [`HistoryError::NotAFullHour`] when `now` is not the end of an hourly bucket.
    pub fn new(now: DateTime<Utc>) -> Result<Self, HistoryError> {
        if now.minute() != 0 || now.second() != 0 || now.nanosecond() != 0 {
            return Err(HistoryError::NotAFullHour(now));
        }
        Ok(Self {
            now,
            totals: BTreeMap::new(),
            mentions: BTreeMap::new(),
            tracked_since: BTreeMap::new(),
        })
    }

    /// Adds all feedback of a product in the hour that starts at (or contains) `hour`. Hours at or after `now` and
    /// older than eight weeks are left out.
    pub fn add_total(&mut self, product: &str, hour: DateTime<Utc>, count: u32) {
        if let Some(ago) = hours_ago(self.now, hour) {
            entry(&mut self.totals, product).push((ago, count));
        }
    }

    /// Adds feedback of a product that mentions a topic non-positively in the hour that contains `hour`.
    pub fn add_mentions(&mut self, topic: &str, product: &str, hour: DateTime<Utc>, count: u32) {
        if let Some(ago) = hours_ago(self.now, hour) {
            entry(entry(&mut self.mentions, topic), product).push((ago, count));
        }
    }

    /// Adds a whole series of such mentions, which saves finding the cell for each hour.
    pub fn extend_mentions(
        &mut self,
        topic: &str,
        product: &str,
        hours: impl IntoIterator<Item = (DateTime<Utc>, u32)>,
    ) {
        let now = self.now;
        let cell = entry(entry(&mut self.mentions, topic), product);
        cell.extend(
            hours
                .into_iter()
                .filter_map(|(hour, count)| Some((hours_ago(now, hour)?, count))),
        );
    }

    /// Says that a topic could not be counted before `since` (it was defined then, without going back), so that
    /// earlier windows are not taken for zeros.
    pub fn tracked_since(&mut self, topic: &str, since: DateTime<Utc>) {
        self.tracked_since.insert(topic.to_owned(), since);
    }
}

/// How many whole hours lie between the hour that contains `instant` and `now`; none outside the history.
fn hours_ago(now: DateTime<Utc>, instant: DateTime<Utc>) -> Option<u16> {
    let before = now - instant;
    if before <= TimeDelta::zero() {
        return None;
    }
    let ago = u16::try_from((before.num_seconds() - 1) / 3600).ok()?;
    (usize::from(ago) < MAXIMUM_DAYS * 24).then_some(ago)
}

fn entry<'a, V: Default>(map: &'a mut BTreeMap<String, V>, key: &str) -> &'a mut V {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), V::default());
    }
    map.entry(key.to_owned()).or_default()
}
