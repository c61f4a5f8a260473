//! Whatever is sent, every RPC answers with a code that means something, says which field is wrong, and loses
//! nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use attune_testkit::reflect::{self, Answer};
use attune_testkit::{Failure, TestPlatform, reason};
use attune_tests::matrix::{Caller, Path, Sample, Samples, World, bad_values, bytes, refused_fields, rows};
use futures::{StreamExt as _, TryStreamExt as _};
use prost_reflect::{DynamicMessage, Kind, MethodDescriptor, Value};
use tonic::Code;
use uuid::Uuid;

/// Calls in flight; each may carry megabytes.
const AT_ONCE: usize = 8;
/// Methods that answer no id that the platform gave: a caller's own, a number, or nothing.
const WITHOUT_ID: [&str; 13] = [
    "CreateTopic",
    "UpdateTopic",
    "ArchiveTopic",
    "PromoteTheme",
    "RecordExposures",
    "SetRecoveryPolicy",
    "SubmitEmployeeReport",
    "AgreeWithReportGroup",
    "SetTeamMember",
    "RemoveTeamMember",
    "DeleteDigestSubscription",
    "SetContactBudget",
    "ReleaseContact",
];
/// A refusal that is longer repeats what it was sent.
const LONGEST_MESSAGE: usize = 4096;

/// A bad request.
struct Case {
    method: MethodDescriptor,
    what: String,
    /// Made when it is sent, so that not all are in memory at once.
    request: Arc<dyn Fn() -> Vec<u8> + Send + Sync>,
    path: Option<Path>,
    /// Whether it must be refused; otherwise any answer with a meaning will do.
    bad: bool,
}

/// Every bad value in every field of every RPC, the rest of the request being right.
fn cases(world: &World) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for method in reflect::methods()? {
        let root = method.input().name().to_owned();
        for path in Path::all(&method.input()) {
            let sample = path.sample(&root)?;
            let input = sample != Sample::Output;
            for (what, make, bad) in bad_values(&path, sample) {
                let base = Samples::of(world).request(&method)?;
                let at = path.clone();
                let request = Arc::new(move || {
                    let mut request = base.clone();
                    at.put(&mut request, make());
                    reflect::encode(&request)
                });
                let bad = bad && input;
                let (method, path) = (method.clone(), Some(path.clone()));
                cases.push(Case {
                    method,
                    what: format!(
                        "{}: {what}",
                        path.as_ref().map(ToString::to_string).unwrap_or_default()
                    ),
                    request,
                    path,
                    bad,
                });
            }
        }
        let truncated = Samples::of(world).request(&method)?;
        let whole = |what: &str, request: Arc<dyn Fn() -> Vec<u8> + Send + Sync>, bad| Case {
            method: method.clone(),
            what: what.to_owned(),
            request,
            path: None,
            bad,
        };
        cases.push(whole("nothing", Arc::new(Vec::new), false));
        cases.push(whole(
            "bytes that are no message",
            Arc::new(|| vec![0xff; 64]),
            true,
        ));
        cases.push(whole(
            "a field that ends too soon",
            Arc::new(|| vec![0x0a, 0x7f, 0x01]),
            true,
        ));
        cases.push(whole(
            "a group that never ends",
            Arc::new(|| vec![0x0b; 200]),
            true,
        ));
        let cut = Arc::new(move || {
            let mut bytes = reflect::encode(&truncated);
            bytes.pop();
            bytes
        });
        cases.push(whole("a request without its last byte", cut, false));
    }
    Ok(cases)
}

/// What is wrong with the answer to a bad request; nothing when it is right.
fn complaint(case: &Case, answer: &Answer) -> Option<String> {
    let (code, reason) = (answer.status.code(), reason(&answer.status));
    let fields = refused_fields(answer);
    let canonical = matches!(
        code,
        Code::Ok
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
    );
    let refused = code != Code::Ok || !fields.is_empty();
    let seen = String::from_utf8_lossy(&bytes(answer)).into_owned();
    let name = case
        .path
        .as_ref()
        .and_then(Path::field)
        .map(|field| field.name().to_owned())
        .unwrap_or_default();
    let opaque = matches!(reason.as_str(), "INVALID_PAGE_TOKEN" | "CURSOR_FOREIGN")
        && matches!(name.as_str(), "page_token" | "after");
    let named = || {
        case.path
            .as_ref()
            .is_none_or(|path| fields.iter().any(|field| path.is_named_by(field)))
    };
    // What names a thing may also be answered by saying that there is none.
    let code_fits = match name.as_str() {
        "etag" => code == Code::Aborted,
        "source" | "subscription" => matches!(code, Code::NotFound | Code::InvalidArgument),
        _ => code == Code::InvalidArgument || code == Code::Ok,
    };
    if !canonical {
        Some("no code that means something".to_owned())
    } else if code != Code::Ok && reason.is_empty() {
        Some("no reason".to_owned())
    } else if case.bad && !(refused && code_fits) {
        Some("was not refused as it should be".to_owned())
    } else if (code == Code::InvalidArgument && fields.is_empty() && !opaque)
        || (case.bad && !fields.is_empty() && !named())
    {
        Some(format!("the field is not named, but {fields:?}"))
    } else if code != Code::Ok
        && ["SELECT", "relation", "constraint", "sqlx", "violates"]
            .iter()
            .any(|word| seen.contains(word))
    {
        Some("speaks of the database".to_owned())
    } else if answer.status.message().len() > LONGEST_MESSAGE {
        Some(format!("the refusal has {} bytes", answer.status.message().len()))
    } else {
        None
    }
}

/// Sends all of them; answers what is wrong with the answers.
async fn send(caller: &Caller, cases: Vec<Case>) -> Vec<String> {
    let sent = cases.into_iter().map(|case| async move {
        let answer = caller.send(&case.method, (case.request)()).await;
        complaint(&case, &answer).map(|what| {
            let status = &answer.status;
            let message: String = status.message().chars().take(200).collect();
            format!(
                "{} {}: {what}: {:?} {message}",
                reflect::path(&case.method),
                case.what,
                status.code()
            )
        })
    });
    futures::stream::iter(sent)
        .buffer_unordered(AT_ONCE)
        .filter_map(|found| async { found })
        .collect()
        .await
}

fn shown(complaints: &[String]) -> String {
    format!("{} complaints\n{}", complaints.len(), complaints.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_value_in_any_field_is_refused_by_its_name_and_nothing_is_lost() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = World::make(&platform, "acme").await?;
    let before = rows(&platform, "acme").await?;
    let caller = Caller::new(acme.tenant.channel(), acme.tenant.token())?;
    let (bad, doubtful): (Vec<_>, Vec<_>) = cases(&acme)?.into_iter().partition(|case| case.bad);
    assert!(
        bad.len() > 500 && doubtful.len() > 200,
        "{} and {}",
        bad.len(),
        doubtful.len()
    );

    let mut complaints = send(&caller, bad).await;
    let after = rows(&platform, "acme").await?;
    let changed: Vec<_> = before.symmetric_difference(&after).map(String::as_str).collect();
    assert!(
        changed.is_empty() || !complaints.is_empty(),
        "a refused call changed something: {changed:#?}"
    );
    complaints.extend(send(&caller, doubtful).await);
    assert!(complaints.is_empty(), "{}", shown(&complaints));

    platform.settle().await?;
    for method in reflect::methods()?
        .iter()
        .filter(|method| method.name().starts_with("Get"))
    {
        let answer = caller.ask(method, &Samples::of(&acme).request(method)?).await;
        assert!(
            matches!(answer.status.code(), Code::Ok | Code::NotFound),
            "{}: {:?}",
            method.name(),
            answer.status
        );
    }
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_five_megabytes_is_refused_with_the_limit() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let caller = Caller::new(acme.channel(), acme.token())?;
    let caller = &caller;
    let methods = reflect::methods()?;
    let sent = methods.iter().map(|method| async move {
        let answer = caller.send(method, five_megabytes()).await;
        let (path, status) = (reflect::path(method), &answer.status);
        assert_eq!(
            (status.code(), reason(status).as_str()),
            (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"),
            "{path}: {status:?}"
        );
        assert!(
            status.message().contains("4194304"),
            "{path}: {}",
            status.message()
        );
        Ok::<_, Failure>(())
    });
    futures::stream::iter(sent)
        .buffer_unordered(4)
        .try_collect::<Vec<_>>()
        .await?;
    platform.stop().await;
    Ok(())
}

/// One field that no message knows, of five megabytes.
fn five_megabytes() -> Vec<u8> {
    let mut bytes = Vec::with_capacity((5 << 20) + 8);
    prost::encoding::encode_key(1000, prost::encoding::WireType::LengthDelimited, &mut bytes);
    prost::encoding::encode_varint(5 << 20, &mut bytes);
    bytes.resize(bytes.len() + (5 << 20), b'x');
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_id_has_one_effect_and_another_body_is_refused() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = World::make(&platform, "acme").await?;
    let caller = Caller::new(acme.tenant.channel(), acme.tenant.token())?;
    let mut tried = 0;
    for method in reflect::methods()? {
        let Some(field) = method.input().get_field_by_name("request_id") else {
            continue;
        };
        let path = reflect::path(&method);
        let request = Samples::of(&acme).request(&method)?;
        assert!(request.has_field(&field), "{path}");
        // Two at once: one waits for the other and answers the same.
        let (one, other) = tokio::join!(caller.ask(&method, &request), caller.ask(&method, &request));
        platform.settle().await?;
        let before = rows(&platform, "acme").await?;
        let again = caller.ask(&method, &request).await;
        platform.settle().await?;
        for answer in [&one, &other, &again] {
            assert_eq!(answer.status.code(), Code::Ok, "{path}: {:?}", answer.status);
            assert_eq!(ids(answer), ids(&one), "{path} made another one");
        }
        assert!(
            !ids(&one).is_empty() || WITHOUT_ID.contains(&method.name()),
            "{path} answers no id"
        );
        let conflict = caller.ask(&method, &otherwise(&acme, &method, &request)?).await;
        let refused = (conflict.status.code(), reason(&conflict.status));
        assert_eq!(
            refused,
            (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()),
            "{path}: {:?}",
            conflict.status
        );
        assert_eq!(
            rows(&platform, "acme").await?,
            before,
            "{path} had a second effect"
        );
        tried += 1;
    }
    assert!(tried >= 15, "{tried} methods take a request id");
    platform.stop().await;
    Ok(())
}

fn text(value: impl Into<String>) -> Value {
    Value::String(value.into())
}

fn is_long(path: &Path) -> bool {
    path.field().is_some_and(|field| field.kind() == Kind::Int64)
}

/// The same request id with another, valid body.
fn otherwise(
    world: &World,
    method: &MethodDescriptor,
    request: &DynamicMessage,
) -> Result<DynamicMessage, Failure> {
    let fresh = Samples::of(world).request(method)?;
    let root = method.input().name().to_owned();
    let mut other = request.clone();
    let paths = Path::all(&method.input());
    let valid = |path: &Path| {
        Ok::<_, Failure>(match path.sample(&root)? {
            Sample::Text("Europe/Berlin") => Some((2, text("Asia/Tokyo"))),
            Sample::Text(free) => Some((u8::from(!free.contains("{}")), text("another-value"))),
            Sample::Unique(value) if value.contains('@') => {
                Some((2, text(format!("{}@example.com", Uuid::now_v7().simple()))))
            }
            Sample::Unique(_) => Some((2, text(format!("another-{}", Uuid::now_v7().simple())))),
            Sample::Known(_) => Some((3, text(Uuid::now_v7().to_string()))),
            Sample::Int(number) if is_long(path) => Some((4, Value::I64(i64::from(number) + 1))),
            Sample::Int(number) => Some((5, Value::I32(number + 1))),
            _ => None,
        })
    };
    let mut changes = Vec::new();
    for path in &paths {
        changes.extend(valid(path)?.map(|(rank, value)| (rank, path, value)));
    }
    // A free text rather than a slug, and that rather than an id: what is not there may be told before the request id is looked at.
    changes.sort_by_key(|(rank, ..)| *rank);
    if let Some((_, path, value)) = changes.into_iter().next() {
        let list = path.field().is_some_and(prost_reflect::FieldDescriptor::is_list);
        path.put(&mut other, if list { Value::List(vec![value]) } else { value });
    }
    assert_ne!(other, fresh);
    assert_ne!(&other, request, "no field of {root} could be changed");
    Ok(other)
}

fn ids(answer: &Answer) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(&bytes(answer)).into_owned();
    let mut found = BTreeSet::new();
    for place in text.match_indices('-').map(|(at, _)| at).filter(|at| *at >= 8) {
        let candidate = text.get(place - 8..place + 28).unwrap_or_default();
        if Uuid::try_parse(candidate).is_ok() {
            found.insert(candidate.to_owned());
        }
    }
    found
}
