//! The answer page: who may answer, what a browser is told, and how it looks.

use std::path::Path;
use std::process::{Command, Stdio};

use attune_api::feedback::v1 as fb;
use attune_testkit::{Failure, TestPlatform};
use attune_tests::survey::{Browser, Company, definition};

/// Zara's link of one survey, and Noor's, who reads Arabic.
struct Asked<'p> {
    company: Company<'p>,
    zara: String,
    zaras: String,
    noors: String,
}

async fn asked(platform: &TestPlatform) -> Result<Asked<'_>, Failure> {
    let company = Company::new(platform, "meadow-air").await?;
    let survey = company
        .publish("After a call", definition(&company.template_id))
        .await?;
    let zara = company.customer("Zara", "en", true).await?;
    let noor = company.customer("Noor", "ar-EG", true).await?;
    for person in [&zara, &noor] {
        company.invite(&survey.survey_id, person, "order 7").await?;
    }
    platform.settle().await?;
    let (zaras, noors) = (company.link("Zara")?, company.link("Noor")?);
    Ok(Asked {
        company,
        zara,
        zaras,
        noors,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_cannot_be_guessed_used_twice_or_turned_to_another_customer() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let asked = asked(&platform).await?;
    let browser = Browser::default();

    // One character changed, the other's signature, half of it, nothing of it.
    let (base, token) = asked.zaras.rsplit_once('/').ok_or("no token")?;
    let (payload, tag) = token.split_once('.').ok_or("no tag")?;
    let (_, noors) = asked.noors.rsplit_once('/').ok_or("no token")?;
    let (others, other_tag) = noors.split_once('.').ok_or("no tag")?;
    let turned = if payload.ends_with('A') { "B" } else { "A" };
    let changed = format!("{}{turned}.{tag}", &payload[..payload.len() - 1]);
    let forged = [
        changed,
        format!("{payload}.{other_tag}"),
        format!("{others}.{tag}"),
        payload.to_owned(),
        "%00".to_owned(),
        "x".repeat(5000),
    ];
    for token in &forged {
        let page = browser
            .send(&format!("{base}/{token}"), &[("place", "0"), ("q.score", "1")])
            .await?;
        assert_eq!(page.status, 404, "{token:.80}");
        assert!(!page.html.contains("Your call"), "nothing is shown of the survey");
    }

    // Answered, the link is used up, and what was answered stands.
    let fields = [("place", "0,2"), ("q.score", "5"), ("q.text", "")];
    let page = browser.send(&asked.zaras, &fields).await?;
    assert!(page.html.contains("Thank you"), "{page:?}");
    let again = browser
        .send(&asked.zaras, &[("place", "0,2"), ("q.score", "1")])
        .await?;
    assert!(
        again.status == 200 && again.html.contains("already answered"),
        "{again:?}"
    );
    let invitation = asked.company.invitations(&asked.zara).await?.remove(0);
    let request = fb::ListSurveyResponsesRequest {
        invitation_id: invitation.invitation_id,
        ..Default::default()
    };
    let kept = asked
        .company
        .tenant
        .invitations()
        .list_survey_responses(request)
        .await?
        .into_inner();
    assert_eq!(kept.responses.len(), 1);
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_looks_at_the_links_of_a_mail_records_nothing() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let asked = asked(&platform).await?;
    let browser = Browser::default();
    for score in ["1", "5", "99", "x", ""] {
        let page = browser.open(&format!("{}?score={score}", asked.zaras)).await?;
        assert_eq!(page.status, 200);
        assert_eq!(
            page.html.contains(" checked"),
            matches!(score, "1" | "5"),
            "{score}"
        );
    }
    let invitation = asked.company.invitations(&asked.zara).await?.remove(0);
    assert_eq!(invitation.state(), fb::InvitationState::Sent);
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_loads_and_runs_nothing_is_kept_by_nobody_and_escapes_what_is_written() -> Result<(), Failure>
{
    let platform = TestPlatform::start().await?;
    let asked = asked(&platform).await?;
    let browser = Browser::default();
    let page = browser.open(&asked.zaras).await?;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains("script-src"),
        "{policy}"
    );
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(page.header("set-cookie").is_empty());
    for loads in ["<script", "src=", "href=", "@import", "url("] {
        assert!(!page.html.contains(loads), "{loads}");
    }
    // A form that is wrong comes back as it was filled in, and says what is missing.
    let shown = r#"</textarea><script>alert("x")</script>"#;
    let page = browser
        .send(&asked.zaras, &[("place", "0,2"), ("q.text", shown)])
        .await?;
    assert_eq!(page.status, 422);
    assert!(
        page.html.contains(r#"role="alert""#) && page.html.contains("Please answer"),
        "{page:?}"
    );
    assert!(
        !page.html.contains("<script") && page.html.contains("&lt;script&gt;"),
        "{page:?}"
    );
    let broken = browser
        .send(&asked.zaras, &[("place", "0,1,2,900,x"), ("q.score", "6")])
        .await?;
    assert_eq!(broken.status, 422);
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_in_the_customers_language_and_written_its_way() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let asked = asked(&platform).await?;
    let page = Browser::default().open(&asked.noors).await?;
    assert!(page.html.contains(r#"<html lang="ar" dir="rtl">"#), "{page:?}");
    assert!(
        page.html.contains("مكالمتك معنا") && page.html.contains("إرسال"),
        "{page:?}"
    );
    let zaras = Browser::default().open(&asked.zaras).await?;
    assert!(zaras.html.contains(r#"<html lang="en" dir="ltr">"#));
    // Each field has a name that is read out.
    assert_eq!(
        zaras.html.matches("<fieldset").count(),
        zaras.html.matches("<legend").count()
    );
    assert_eq!(
        zaras.html.matches("<textarea id=").count(),
        zaras.html.matches("<label class=\"asked\" for=").count()
    );
    platform.stop().await;
    Ok(())
}

/// Opens the page in a headless Chromium, light and dark, and keeps a picture where `ATTUNE_PICTURES` names a folder.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stderr)] // says why it is skipped
async fn a_browser_shows_the_page_in_light_and_dark() -> Result<(), Failure> {
    let Some(chromium) = chromium() else {
        eprintln!("skipped: no chromium was found on PATH; `apt-get install chromium` brings one");
        return Ok(());
    };
    let platform = TestPlatform::start().await?;
    let asked = asked(&platform).await?;
    let folder = platform_folder();
    let mut pictures = Vec::new();
    for (name, link, dark) in [
        ("light", &asked.zaras, false),
        ("dark", &asked.zaras, true),
        ("dark-rtl", &asked.noors, true),
    ] {
        let picture = folder.join(format!("survey-{name}.png"));
        let arguments = arguments(&picture, &format!("{link}?score=2"), dark);
        let mut browser = Command::new(&chromium);
        browser
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let run = tokio::task::spawn_blocking(move || browser.status());
        assert!(run.await??.success(), "chromium failed");
        pictures.push(std::fs::read(&picture)?);
    }
    for picture in &pictures {
        assert!(
            picture.starts_with(b"\x89PNG") && picture.len() > 4_000,
            "{} bytes",
            picture.len()
        );
    }
    assert_ne!(pictures.first(), pictures.get(1), "dark looks like light");
    platform.stop().await;
    Ok(())
}

fn chromium() -> Option<String> {
    let runs = |name: &&str| {
        let version = Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        version.is_ok_and(|status| status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find(|name| runs(name))
        .map(ToString::to_string)
}

fn platform_folder() -> std::path::PathBuf {
    std::env::var_os("ATTUNE_PICTURES").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), Into::into)
}

fn arguments(picture: &Path, url: &str, dark: bool) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
    ]
    .map(str::to_owned)
    .into();
    arguments.push("--window-size=420,520".to_owned());
    arguments.push(format!("--screenshot={}", picture.display()));
    if dark {
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    arguments.push(url.to_owned());
    arguments
}
