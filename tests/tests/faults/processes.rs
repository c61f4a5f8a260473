//! Story 1 on five processes, and with each of them killed on the way.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and tells who was killed when"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use attune_database::Schema;
use attune_mailbox::Mailbox;
use attune_testkit::{Failure, ProcessPlatform, SCHEMAS, Tenant, TestPlatform};
use attune_tests::storm::{self, Account, COMPANY, Moment, World};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

/// How far the time moves at once: the story in fewer, larger steps.
const STEP: TimeDelta = TimeDelta::hours(12);

const PROFILES: Schema = Schema("profiles");
const INTERACTIONS: Schema = Schema("interactions");
const FEEDBACK: Schema = Schema("feedback");
const IMPROVEMENT: Schema = Schema("improvement");
const NOTIFICATIONS: Schema = Schema("notifications");

fn start() -> Result<DateTime<Utc>, Failure> {
    Ok("2026-03-01T23:00:00Z".parse()?)
}

async fn processes() -> Result<ProcessPlatform, Failure> {
    ProcessPlatform::start_at(Path::new(env!("CARGO_BIN_EXE_service")), start()?).await
}

/// What the story comes to in one process with nothing going wrong; told once for both tests.
async fn undisturbed() -> Result<&'static Account, Failure> {
    static ACCOUNT: OnceCell<Account> = OnceCell::const_new();
    ACCOUNT
        .get_or_try_init(|| async {
            let platform = TestPlatform::start_at(start()?).await?;
            let account = storm::play(&platform, STEP).await?;
            platform.stop().await;
            Ok(account)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn five_processes_come_to_the_same_account_as_one() -> Result<(), Failure> {
    let platform = processes().await?;
    let account = storm::play(&platform, STEP).await?;
    assert_eq!(&account, undisturbed().await?);
    platform.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_when_the_account_is_the_same() -> Result<(), Failure> {
    let world = Killing::new(processes().await?);
    let account = storm::play(&world, STEP).await?;
    let in_the_middle = world.ended().await?;
    assert_eq!(&account, undisturbed().await?);
    for service in SCHEMAS {
        let times = in_the_middle.get(&service).copied().unwrap_or_default();
        assert!(
            times > 0,
            "{service} was never killed while there was something to do: {in_the_middle:?}"
        );
    }
    Ok(())
}

/// Every so many times that feedback was sent, one of the five dies in turn before anything has followed from it ...
const SAID: [Schema; 5] = [INTERACTIONS, FEEDBACK, PROFILES, IMPROVEMENT, NOTIFICATIONS];
const EVERY_SAID: u32 = 9;
/// ... and every so many times that the time moved, one of those for whom something is due then: the look for hot
/// issues in feedback, the look at a verdict in improvement.
const MOVED: [Schema; 2] = [FEEDBACK, IMPROVEMENT];
const EVERY_MOVED: u32 = 5;
/// At the first and at the second roll-out: who dies at once, and who dies when the first mails have arrived.
const ROLLED_OUT: [(Schema, Schema); 2] = [(IMPROVEMENT, NOTIFICATIONS), (PROFILES, INTERACTIONS)];
/// How long the first mails may take.
const FIRST_MAILS: Duration = Duration::from_mins(1);
/// How long a second of the story takes while they are waited for.
const BETWEEN_MOVES: Duration = Duration::from_millis(500);

/// Five processes of which some are killed, and started again while the story goes on. At no time are two down.
struct Killing {
    platform: Arc<ProcessPlatform>,
    /// The story's time. The processes' may be some seconds ahead, in which they tried again what had failed.
    now: Mutex<DateTime<Utc>>,
    reached: Mutex<BTreeMap<Moment, u32>>,
    rising: Mutex<Option<JoinHandle<Result<(), Failure>>>>,
    /// How often each was killed while there was something left to do.
    in_the_middle: Mutex<BTreeMap<Schema, u32>>,
}

impl Killing {
    fn new(platform: ProcessPlatform) -> Self {
        Self {
            now: Mutex::new(platform.now()),
            platform: Arc::new(platform),
            reached: Mutex::default(),
            rising: Mutex::default(),
            in_the_middle: Mutex::default(),
        }
    }

    /// Kills `service`, and starts it again behind the story's back.
    async fn strike(&self, moment: Moment, service: Schema) -> Result<(), Failure> {
        self.all_up().await?;
        let busy = !self.platform.is_settled().await?;
        self.platform.kill(service)?;
        println!(
            "{} {moment:?}: killed {service}, busy: {busy}",
            self.platform.now()
        );
        if busy {
            *self.in_the_middle.lock().unwrap().entry(service).or_default() += 1;
        }
        let platform = Arc::clone(&self.platform);
        let rising = tokio::spawn(async move { platform.start(service).await });
        *self.rising.lock().unwrap() = Some(rising);
        Ok(())
    }

    async fn all_up(&self) -> Result<(), Failure> {
        let rising = self.rising.lock().unwrap().take();
        match rising {
            Some(rising) => rising.await?,
            None => Ok(()),
        }
    }

    /// Whose turn it is at the `count`th time of a moment.
    fn turn(order: &[Schema], every: u32, count: u32) -> Option<Schema> {
        let turn = (count / every) as usize;
        count.is_multiple_of(every).then(|| order[turn % order.len()])
    }

    /// Those that were tried while somebody was down are tried again when the time moves.
    async fn until_mails_arrive(&self, before: u64) -> Result<(), Failure> {
        let end = Instant::now() + FIRST_MAILS;
        let mut move_at = Instant::now() + BETWEEN_MOVES;
        while self.platform.mailbox().count() == before {
            let now = Instant::now();
            if now > end {
                return Err("no mail arrived after a roll-out".into());
            }
            if now > move_at {
                self.platform
                    .move_to(self.platform.now() + TimeDelta::seconds(1))?;
                move_at = now + BETWEEN_MOVES;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Stops the processes; answers how often each was killed in the middle of something.
    async fn ended(self) -> Result<BTreeMap<Schema, u32>, Failure> {
        self.all_up().await?;
        let platform = Arc::into_inner(self.platform).ok_or("somebody still holds the platform")?;
        platform.stop().await?;
        Ok(self.in_the_middle.into_inner()?)
    }
}

#[async_trait]
impl World for Killing {
    fn company(&self) -> Result<Tenant, Failure> {
        self.platform.user(COMPANY, "*")
    }

    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    async fn advance_to(&self, instant: DateTime<Utc>) -> Result<(), Failure> {
        self.platform.outwait_failures().await?;
        self.platform.move_to(instant)?;
        *self.now.lock().unwrap() = instant;
        self.reached(Moment::Moved).await?;
        self.settle().await
    }

    async fn settle(&self) -> Result<(), Failure> {
        self.platform.outwait_failures().await
    }

    fn mailbox(&self) -> &Mailbox {
        self.platform.mailbox()
    }

    async fn reached(&self, moment: Moment) -> Result<(), Failure> {
        let count = {
            let mut reached = self.reached.lock().unwrap();
            let count = reached.entry(moment).or_default();
            *count += 1;
            *count
        };
        match moment {
            Moment::Said => match Self::turn(&SAID, EVERY_SAID, count) {
                Some(service) => self.strike(moment, service).await,
                None => Ok(()),
            },
            Moment::Moved => match Self::turn(&MOVED, EVERY_MOVED, count) {
                Some(service) => self.strike(moment, service).await,
                None => Ok(()),
            },
            Moment::RolledOut => {
                let before = self.platform.mailbox().count();
                let (at_once, when_mails_arrive) = ROLLED_OUT[(count as usize - 1) % ROLLED_OUT.len()];
                self.strike(moment, at_once).await?;
                self.until_mails_arrive(before).await?;
                self.strike(moment, when_mails_arrive).await
            }
        }
    }
}
