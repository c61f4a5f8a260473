use attune_api::notifications::v1::MessageState;
use attune_server::PeerConfig;
use attune_testkit::{Failure, Settings, TestPlatform};
use chrono::TimeDelta;
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{get, letter, outcome, person, send, told};

/// Passes connections on for ever.
async fn pass_on(listener: TcpListener, to: String) {
    while let Ok((mut near, _)) = listener.accept().await {
        let to = to.clone();
        tokio::spawn(async move {
            if let Ok(mut far) = TcpStream::connect(to).await {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_profiles_is_away_messages_wait_and_none_is_lost() -> Result<(), Failure> {
    let place = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let peers = PeerConfig {
        profiles_url: Some(format!("http://{place}").parse()?),
        ..PeerConfig::default()
    };
    let platform = TestPlatform::start_with(Settings {
        peers,
        ..Settings::new()?
    })
    .await?;
    let acme = platform.tenant("acme");
    let letter = letter(&acme).await?;
    let mut sent = Vec::new();
    for n in 0..5 {
        let profile = person(&acme, "P", &format!("p{n}@example.com"), "").await?;
        sent.push(send(&acme, &profile, &letter, &[]).await?);
    }
    for _ in 0..6 {
        platform.advance(TimeDelta::minutes(10)).await?;
    }
    for message_id in &sent {
        assert_eq!(outcome(&acme, message_id).await?.0, MessageState::Queued);
        assert_eq!(get(&acme, message_id).await?.attempts, 0, "no provider was asked");
    }
    assert_eq!(platform.mailbox().attempts(), 0);

    let listener = TcpListener::bind(place).await?;
    let passing = tokio::spawn(pass_on(
        listener,
        platform.url().trim_start_matches("http://").to_owned(),
    ));
    for _ in 0..3 {
        platform.advance(TimeDelta::hours(1)).await?;
    }
    assert_eq!((platform.mailbox().count(), told(&acme).await?.len()), (5, 5));
    passing.abort();
    Ok(())
}
