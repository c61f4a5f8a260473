//! Numbers as they change.

use attune_events::Cursor;
use attune_rpc::Error;
use tokio::sync::mpsc::Sender;

use super::board::{Reading, View};
use super::{Gap, stopping};
use crate::commands::metric::Value;

/// The numbers that changed, after what was passed over.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    pub(crate) changes: Vec<Change>,
    pub(crate) gap: Option<Gap>,
    /// Everything told up to here is in the numbers.
    pub(crate) through: Cursor,
}

/// A number that changed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Which of those that are watched.
    pub(crate) index: usize,
    pub(crate) value: Value,
}

/// One stream of numbers.
pub(super) struct Numbers {
    pub(super) view: View,
    /// Holds one update; meanwhile the board shows the newest only.
    pub(super) sender: Sender<Result<Changes, Error>>,
}

impl Numbers {
    /// Sends numbers until the reader goes.
    pub(super) async fn run(mut self, after: Option<Cursor>) -> Error {
        let mut told = Told {
            changes: vec![None; self.view.watched.len()],
            through: after,
        };
        loop {
            let readings = self.view.readings.borrow_and_update().clone();
            if let (Some(numbers), Some(at)) = (readings.of(&self.view.watched), readings.at)
                && let Some(changes) = told.tell(numbers, at)
                && self.sender.send(Ok(changes)).await.is_err()
            {
                return stopping();
            }
            if self.view.readings.changed().await.is_err() {
                return stopping();
            }
        }
    }
}

/// What a reader was told.
struct Told {
    /// How often each number had changed when it was told; none before.
    changes: Vec<Option<u64>>,
    /// The place up to which; none when nothing was told.
    through: Option<Cursor>,
}

impl Told {
    /// What is new to the reader; none when nothing is.
    fn tell(&mut self, numbers: Vec<Reading>, at: Cursor) -> Option<Changes> {
        let first = self.changes.iter().all(Option::is_none);
        let mut missed = 0;
        let mut changes = Vec::new();
        for (index, (reading, told)) in numbers.into_iter().zip(&mut self.changes).enumerate() {
            if *told == Some(reading.changes) {
                continue;
            }
            // Of several changes the last one is told.
            missed += told.map_or(0, |told| reading.changes.saturating_sub(told + 1));
            *told = Some(reading.changes);
            changes.push(Change {
                index,
                value: reading.value,
            });
        }
        if changes.is_empty() {
            return None;
        }
        let before = self.through.replace(at);
        let gap = before
            .filter(|before| missed > 0 || first && before.position < at.position)
            .map(|after| Gap {
                missed,
                after,
                through: at,
            });
        Some(Changes {
            changes,
            gap,
            through: at,
        })
    }
}

#[cfg(test)]
mod tests {
    use attune_stats::MetricId;
    use attune_stats::metric::Outcome;
    use uuid::Uuid;

    use super::*;
    use crate::domain::Window;

    fn reading(n: u64, changes: u64) -> Reading {
        let start = "2026-03-02T08:00:00Z".parse().unwrap();
        let value = Value {
            window: Window { start, end: start },
            count: 0,
            pending: 0,
            unsliced: 0,
            answers: None,
            outcome: Outcome::Suppressed {
                metric: MetricId::Nps,
                version: 1,
                n,
                minimum_n: 5,
                reason: String::new(),
            },
        };
        Reading { value, changes }
    }

    fn at(position: i64) -> Cursor {
        Cursor {
            epoch: Uuid::nil(),
            position,
        }
    }

    fn told(numbers: usize, after: Option<i64>) -> Told {
        Told {
            changes: vec![None; numbers],
            through: after.map(at),
        }
    }

    fn indexes(changes: &Changes) -> Vec<usize> {
        changes.changes.iter().map(|change| change.index).collect()
    }

    #[test]
    fn the_first_response_holds_all_and_later_ones_what_changed() {
        let mut told = told(2, None);
        let first = told.tell(vec![reading(1, 1), reading(9, 4)], at(10)).unwrap();
        assert_eq!((indexes(&first), first.gap), (vec![0, 1], None));
        assert!(told.tell(vec![reading(1, 1), reading(9, 4)], at(11)).is_none());
        let next = told.tell(vec![reading(1, 1), reading(8, 5)], at(12)).unwrap();
        assert_eq!((indexes(&next), next.gap, next.through), (vec![1], None, at(12)));
    }

    #[test]
    fn changes_that_were_passed_over_are_counted_over_all_numbers() {
        let mut told = told(2, None);
        told.tell(vec![reading(1, 1), reading(9, 4)], at(10));
        let late = told.tell(vec![reading(5, 4), reading(7, 6)], at(20)).unwrap();
        let gap = Gap {
            missed: 3,
            after: at(10),
            through: at(20),
        };
        assert_eq!(late.gap, Some(gap));
    }

    #[test]
    fn who_comes_back_is_told_whether_anything_happened_meanwhile() {
        let mut unchanged = told(1, Some(10));
        assert_eq!(unchanged.tell(vec![reading(1, 7)], at(10)).unwrap().gap, None);
        let mut behind = told(1, Some(10));
        let gap = behind.tell(vec![reading(1, 7)], at(12)).unwrap().gap.unwrap();
        assert_eq!((gap.missed, gap.after, gap.through), (0, at(10), at(12)));
    }
}
