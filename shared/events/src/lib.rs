//! How services tell each other what happened.
//!
//! A writer [`append`]s to the outbox in the transaction of what it tells about. The service's [`Sequencer`]
//! numbers committed rows into the feed; a [`FeedService`] streams the [`Feed`] of every source in the process;
//! a [`Subscription`] of another service hands the events to its [`Consumer`] and commits the cursor together
//! with the effects.
//!
//! What holds, whatever fails: no event is lost, none is told twice under two positions, the events of one
//! subject arrive in order, positions are contiguous, and an event's effects in the consumer's database happen
//! exactly once.

mod backoff;
mod client;
mod consumer;
mod cursor;
mod event;
mod feed;
mod measure;
mod outbox;
mod sequencer;
mod settled;
mod signals;
mod statement;
mod subscription;
mod trace;

pub use client::FeedClient;
pub use consumer::{ConsumeError, Consumer};
pub use cursor::{Cursor, InvalidCursor};
pub use event::{DecodeError, Event, InvalidEvent};
pub use feed::{Feed, FeedPage, FeedService, Follow};
pub use outbox::{NewEvent, append, append_many, append_traced};
pub use sequencer::{Sequencer, Step};
pub use settled::quiet;
pub use subscription::Subscription;
