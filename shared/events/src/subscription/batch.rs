//! Responses of a feed, gathered for one transaction.

use attune_api::events::v1 as pb;
use chrono::{DateTime, Utc};

use crate::{Cursor, Event, InvalidCursor, InvalidEvent};

/// No more events than this in one transaction, unless one response holds more.
const MOST: usize = 500;

/// Some events in the order of their positions, and where the cursor stands after them.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    pub(super) through: Cursor,
    head: i64,
}

/// A response that no correct feed sends.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidResponse {
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Event(#[from] InvalidEvent),
    #[error("the feed sent position {found} after {before}; nothing of it was handled")]
    Order { before: i64, found: i64 },
}

impl Batch {
    /// The first response after the cursor `at`.
    pub(super) fn new(at: Option<Cursor>, response: pb::SubscribeResponse) -> Result<Self, InvalidResponse> {
        let through = Cursor::decode(&response.through)?;
        let events = Vec::with_capacity(response.events.len());
        let start = at.unwrap_or(Cursor {
            epoch: through.epoch,
            position: 0,
        });
        let mut batch = Self {
            events,
            through: start,
            head: 0,
        };
        batch.add(response)?;
        Ok(batch)
    }

    /// The response after those gathered. Positions must go on upwards.
    pub(super) fn add(&mut self, response: pb::SubscribeResponse) -> Result<(), InvalidResponse> {
        let through = Cursor::decode(&response.through)?;
        let mut before = self.through.position;
        for event in response.events {
            let event = Event::try_from(event)?;
            ascends(before, event.position, false)?;
            before = event.position;
            self.events.push(event);
        }
        ascends(before, through.position, true)?;
        self.through = through;
        self.head = response.head_position;
        Ok(())
    }

    pub(super) fn has_room(&self) -> bool {
        self.events.len() < MOST
    }

    /// Whether it holds nothing and leads nowhere: a heartbeat.
    pub(super) fn stays(&self, at: Option<Cursor>) -> bool {
        self.events.is_empty() && at == Some(self.through)
    }

    /// When the first of the events happened.
    pub(super) fn oldest(&self) -> Option<DateTime<Utc>> {
        self.events.first().map(|event| event.time)
    }

    /// How many positions the cursor `at` was behind the head when this was sent.
    pub(super) fn behind_before(&self, at: Option<Cursor>) -> i64 {
        (self.head - at.map_or(0, |at| at.position)).max(0)
    }

    /// How many positions the cursor after it is behind the head.
    pub(super) fn behind_after(&self) -> i64 {
        (self.head - self.through.position).max(0)
    }
}

fn ascends(before: i64, found: i64, may_stay: bool) -> Result<(), InvalidResponse> {
    if found > before || (may_stay && found == before) {
        Ok(())
    } else {
        Err(InvalidResponse::Order { before, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn response(epoch: Uuid, positions: &[i64], through: i64) -> pb::SubscribeResponse {
        let event = |position: &i64| pb::Event {
            position: *position,
            id: Uuid::now_v7().to_string(),
            subject: Uuid::now_v7().to_string(),
            tenant_id: "acme".to_owned(),
            time: Some(prost_types::Timestamp::default()),
            ..pb::Event::default()
        };
        pb::SubscribeResponse {
            events: positions.iter().map(event).collect(),
            through: Cursor {
                epoch,
                position: through,
            }
            .encode(),
            head_position: 10,
            ..pb::SubscribeResponse::default()
        }
    }

    #[test]
    fn responses_are_gathered_in_order() {
        let epoch = Uuid::now_v7();
        let mut batch = Batch::new(None, response(epoch, &[1, 3], 4)).unwrap();
        batch.add(response(epoch, &[5], 7)).unwrap();
        let positions: Vec<_> = batch.events.iter().map(|event| event.position).collect();
        assert_eq!(positions, [1, 3, 5]);
        assert_eq!((batch.through.position, batch.behind_after()), (7, 3));
    }

    #[test]
    fn a_position_that_goes_back_is_refused() {
        let epoch = Uuid::now_v7();
        let at = Some(Cursor { epoch, position: 4 });
        for wrong in [
            response(epoch, &[4], 5),
            response(epoch, &[6, 5], 7),
            response(epoch, &[6], 5),
        ] {
            assert!(matches!(
                Batch::new(at, wrong),
                Err(InvalidResponse::Order { .. })
            ));
        }
    }
}
