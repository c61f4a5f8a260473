//! Durable timers: rows with a due time, fired by any replica.
//!
//! [`schedule`] and [`cancel`] work in the transaction of what the timer follows from. A [`TimerLoop`] claims
//! due rows and calls the [`TimerHandler`] of their kind in the transaction that removes them: a timer's effects
//! in the database happen exactly once, whoever is killed when. Time is the clock's, so a test or a replay can
//! move it. What has to call outside the database is [`Work`], done under a lease by a [`Worker`].

mod due;
mod schedule;
mod signals;
mod statement;
mod timer;
mod timer_loop;
mod work;

pub use due::{count_due, next_due, none_due};
pub use schedule::{bring_forward, cancel, schedule, schedule_if_none, schedule_many};
pub use timer::{Timer, TimerError, TimerHandler};
pub use timer_loop::TimerLoop;
pub use work::{FinishError, LeaseLost, Leased, Work, Worker};
