//! Whom mail is handed to misbehaves: a mail server, or an endpoint over HTTP.
#![allow(clippy::print_stdout, reason = "an account is what a scenario is run for")]

use attune_mailbox::Behaviour;
use attune_testkit::{Failure, Settings, TestPlatform};
use attune_tests::faults::Letters;
use chrono::TimeDelta;

use super::scenarios::{COMPANY, rounds};

/// In turn, each while messages are sent.
const BEHAVIOURS: [Behaviour; 6] = [
    Behaviour::Refuse,
    Behaviour::SlowDown { seconds: 600 },
    Behaviour::Hang,
    Behaviour::DropMidData,
    Behaviour::AcceptThenDropBeforeReply,
    Behaviour::Reject,
];
/// Far more than an answer takes on a machine that is busy with other tests.
const TIMEOUT_SECONDS: u64 = 3;
/// Messages sent at the same time.
const BURST: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_misbehaves() -> Result<(), Failure> {
    misbehaves("mail server", false).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_for_mail_misbehaves() -> Result<(), Failure> {
    misbehaves("endpoint for mail", true).await
}

async fn misbehaves(sink: &str, mail_by_webhook: bool) -> Result<(), Failure> {
    let platform = TestPlatform::start_with(Settings {
        mail_by_webhook,
        mail_timeout_seconds: TIMEOUT_SECONDS,
        ..Settings::new()?
    })
    .await?;
    let mailbox = platform.mailbox();
    let mut letters = Letters::to(platform.tenant(COMPANY)).await?;
    let (mut ambiguous, mut rejected) = (Vec::new(), 0);
    for _ in 0..rounds() {
        for behaviour in BEHAVIOURS {
            mailbox.behave(behaviour);
            let (first, attempts) = (letters.acknowledged(), mailbox.attempts());
            letters.send(BURST).await?;
            platform.settle().await?;
            let tried = mailbox.attempts() - attempts;
            // One that waits for a connection while others hang may run out of time before it is seen.
            let hangs = behaviour == Behaviour::Hang && (1..=BURST as u64).contains(&tried);
            assert!(hangs || tried == BURST as u64, "{sink}, {behaviour:?}: {tried}");
            match behaviour {
                Behaviour::AcceptThenDropBeforeReply => ambiguous.push(first..letters.acknowledged()),
                Behaviour::Reject => rejected += BURST,
                _ => {}
            }
            // It is well again while some wait and others are sent.
            mailbox.behave(Behaviour::Accept);
            letters.send(BURST).await?;
            platform.advance(TimeDelta::hours(1)).await?;
        }
    }
    let delivered = letters.account(mailbox, &ambiguous).await?;
    println!(
        "{sink} misbehaves {} times: {delivered}",
        rounds() * BEHAVIOURS.len()
    );
    assert_eq!((delivered.lost, delivered.doubled), (0, 0), "{sink}");
    assert_eq!(delivered.refused, rejected, "{sink}");
    // Each of them was taken once unheard, and once more.
    assert_eq!(delivered.copies, BURST * rounds(), "{sink}");
    platform.stop().await;
    Ok(())
}
