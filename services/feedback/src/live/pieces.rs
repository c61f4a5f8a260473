//! Feedback as it is recorded.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use attune_database::GatherReads;
use attune_events::{Cursor, Feed};
use attune_rpc::{Error, TenantId};
use futures::future::try_join_all;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use super::hub::{Hub, Piece, types};
use super::{Gap, stopping};
use crate::commands::feedback::ById;
use crate::domain::{Announced, Feedback, Slice};

/// Pieces of one update: with the longest texts that one piece may have, they fit a message.
const TOGETHER: usize = 20;
/// How long a stream stays silent at most.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// Which feedback a stream shows; what is left out does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) slice: Slice,
}

/// Some feedback, after what was missed; neither for a sign of life.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) feedback: Vec<Feedback>,
    pub(crate) gap: Option<Gap>,
    /// The place after it.
    pub(crate) through: Cursor,
}

/// One stream of feedback.
pub(super) struct Pieces {
    pub(super) feed: Feed,
    pub(super) by_id: GatherReads<ById>,
    pub(super) hub: Hub,
    pub(super) tenant: TenantId,
    pub(super) filter: Filter,
    /// Holds one update: what a slow reader has not taken is not made yet.
    pub(super) sender: Sender<Result<Update, Error>>,
}

/// Where a stream is.
struct Place {
    through: Cursor,
    /// How much was missed right behind `through`.
    missed: u64,
}

impl Filter {
    fn fits(&self, announced: &Announced) -> bool {
        let Slice {
            product,
            channel,
            topic_id,
            touchpoint,
            agent_id,
            team,
            stage,
            language,
            segment,
            // Of invitations: no stream of feedback is opened with it.
            survey_id: _,
        } = &self.slice;
        let is = |wanted: &String, found: &String| wanted.is_empty() || wanted == found;
        self.profile_id
            .is_none_or(|wanted| announced.profile_id == Some(wanted))
            && is(product, &announced.product)
            && is(channel, &announced.channel)
            && is(touchpoint, &announced.touchpoint)
            && is(agent_id, &announced.agent_id)
            && is(team, &announced.team)
            && is(stage, &announced.stage)
            && is(language, &announced.language)
            && (segment.is_empty() || announced.segments.contains(segment))
            && (topic_id.is_empty() || announced.topics.contains(topic_id))
    }
}

impl Pieces {
    /// Sends feedback until it fails.
    pub(super) async fn run(self, after: Option<Cursor>) -> Error {
        let mut after = after;
        loop {
            // Entered before the look at what is stored, so that nothing falls between the two.
            let (mut pieces, at) = self.hub.enter(&self.tenant).await;
            let caught_up = match after {
                None => self.send(Vec::new(), None, at).await.map(|()| at),
                Some(after) => self.catch_up(after).await,
            };
            let mut place = match caught_up {
                Ok(through) => Place { through, missed: 0 },
                Err(error) => return error,
            };
            // What was recorded while the stream caught up may be more than is kept: it is all stored.
            if let Ok(piece) = next_at_once(&mut pieces, &mut place)
                && place.missed == 0
            {
                let Err(error) = self.live(pieces, place, piece).await;
                return error;
            }
            after = Some(place.through);
        }
    }

    /// Sends what is stored after a place; answers the place of the newest.
    async fn catch_up(&self, after: Cursor) -> Result<Cursor, Error> {
        let mut follow = self.feed.follow(Some(self.tenant.clone()), types(), Some(after));
        loop {
            let page = follow.next().await?;
            let pieces: Vec<Piece> = page.events.iter().map(Piece::of).collect();
            for part in pieces.chunks(TOGETHER) {
                if let Some(last) = part.last() {
                    let through = at(page.through, last.position);
                    let feedback = self.load(part).await?;
                    if !feedback.is_empty() {
                        self.send(feedback, None, through).await?;
                    }
                }
            }
            self.send(Vec::new(), None, page.through).await?;
            if page.caught_up() {
                return Ok(page.through);
            }
        }
    }

    /// Sends what the room is told.
    async fn live(
        &self,
        mut pieces: Receiver<Piece>,
        mut place: Place,
        first: Option<Piece>,
    ) -> Result<Infallible, Error> {
        let mut next = first;
        loop {
            let piece = match next.take() {
                Some(piece) => Some(piece),
                None => self.wait(&mut pieces, &mut place).await?,
            };
            let Some(piece) = piece else {
                continue;
            };
            let gap = place.gap_before(&piece);
            let mut batch = vec![piece];
            while batch.len() < TOGETHER {
                match next_at_once(&mut pieces, &mut place)? {
                    // What comes after a gap goes into the next update.
                    Some(piece) if place.missed > 0 => {
                        next = Some(piece);
                        break;
                    }
                    Some(piece) => batch.push(piece),
                    None => break,
                }
            }
            if let Some(last) = batch.last() {
                place.through = at(place.through, last.position);
            }
            let feedback = self.load(&batch).await?;
            if !feedback.is_empty() || gap.is_some() {
                self.send(feedback, gap, place.through).await?;
            }
        }
    }

    /// The next piece; none after a time without one, when the reader was told how far the stream is.
    async fn wait(&self, pieces: &mut Receiver<Piece>, place: &mut Place) -> Result<Option<Piece>, Error> {
        match tokio::time::timeout(CHECKPOINT, pieces.recv()).await {
            Ok(Ok(piece)) => Ok(place.is_new(&piece).then_some(piece)),
            Ok(Err(RecvError::Lagged(missed))) => {
                place.missed += missed;
                Ok(None)
            }
            Ok(Err(RecvError::Closed)) => Err(stopping()),
            Err(_) => {
                // Looked at before the room, so that nothing told up to there is still to come.
                let told = self.hub.at();
                let piece = next_at_once(pieces, place)?;
                if let (None, Some(told)) = (&piece, told)
                    && place.missed == 0
                {
                    place.through = at(place.through, told.position.max(place.through.position));
                    self.send(Vec::new(), None, place.through).await?;
                }
                Ok(piece)
            }
        }
    }

    /// Those of the pieces that the reader wants and that are still there, in their order.
    async fn load(&self, pieces: &[Piece]) -> Result<Vec<Feedback>, Error> {
        let wanted = pieces
            .iter()
            .filter_map(|piece| piece.announced.as_ref())
            .filter(|announced| self.filter.fits(announced))
            .map(|announced: &Arc<Announced>| self.by_id.get(&self.tenant, announced.feedback_id));
        let found = try_join_all(wanted).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn send(&self, feedback: Vec<Feedback>, gap: Option<Gap>, through: Cursor) -> Result<(), Error> {
        let update = Update {
            feedback,
            gap,
            through,
        };
        // Without a reader the stream is ended from outside.
        self.sender.send(Ok(update)).await.map_err(|_| stopping())
    }
}

impl Place {
    fn is_new(&self, piece: &Piece) -> bool {
        piece.position > self.through.position
    }

    /// What was missed before a piece.
    fn gap_before(&mut self, piece: &Piece) -> Option<Gap> {
        let missed = std::mem::take(&mut self.missed);
        (missed > 0).then(|| Gap {
            missed,
            after: self.through,
            through: at(self.through, piece.position - 1),
        })
    }
}

/// The next new piece that is there; none when there is none. What was missed before it is counted in `place`.
fn next_at_once(pieces: &mut Receiver<Piece>, place: &mut Place) -> Result<Option<Piece>, Error> {
    loop {
        match pieces.try_recv() {
            Ok(piece) if place.is_new(&piece) => return Ok(Some(piece)),
            Ok(_) => {}
            Err(TryRecvError::Empty) => return Ok(None),
            Err(TryRecvError::Lagged(missed)) => place.missed += missed,
            Err(TryRecvError::Closed) => return Err(stopping()),
        }
    }
}

/// A position of the feed that `of` is a place of.
fn at(of: Cursor, position: i64) -> Cursor {
    Cursor { position, ..of }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_a_segment_shows_who_is_in_it_whatever_else_they_are_in() {
        let announced = |segments: &[&str]| Announced {
            feedback_id: Uuid::from_u128(1),
            profile_id: None,
            channel: "email".into(),
            touchpoint: String::new(),
            product: "North".into(),
            agent_id: String::new(),
            team: "Airport".into(),
            stage: String::new(),
            language: String::new(),
            segments: segments.iter().map(|&segment| segment.to_owned()).collect(),
            topics: Vec::new(),
        };
        let filter = |segment: &str, team: &str| Filter {
            slice: Slice {
                segment: segment.into(),
                team: team.into(),
                ..Slice::default()
            },
            ..Filter::default()
        };
        let gold = filter("gold", "");
        assert!(gold.fits(&announced(&["new", "gold"])));
        assert!(!gold.fits(&announced(&["golden"])) && !gold.fits(&announced(&[])));
        assert!(filter("", "").fits(&announced(&[])));
        assert!(filter("gold", "Airport").fits(&announced(&["gold"])));
        assert!(!filter("gold", "Phone").fits(&announced(&["gold"])));
    }
}
