//! Whatever arrives, the answer blames the caller or does what was asked: no decoder or parser of what strangers send
//! fails as if it were our fault, and the process serves the next call.
//!
//! `FAULT_ROUNDS` makes it longer.

use std::time::Duration;

use attune_events::Cursor;
use attune_rpc::{Etag, Mask, Page, TenantId, Violations, instant};
use attune_testkit::{Failure, TestPlatform, reflect};
use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use prost_types::{FieldMask, Timestamp};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use uuid::Uuid;

/// Calls of one round.
const CALLS: u32 = 250;
/// How long an answer may take; a stream that stays open has been accepted by then.
const ANSWER: Duration = Duration::from_secs(5);
const DEEPEST: usize = 3;

fn rounds() -> u32 {
    let wanted = std::env::var("FAULT_ROUNDS").ok();
    wanted.and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// What people and attackers put into text fields: empty, blank, control, other scripts, SQL, templates, headers,
/// logs, paths, numbers that are none, and some that are right.
const TEXTS: [&str; 26] = [
    "",
    " ",
    "\0",
    "\u{202e}txet",
    "e\u{301}\u{301}\u{301}",
    "👩‍👩‍👧‍👦",
    "'; DROP TABLE interactions.interaction; --",
    "$1",
    "{{ 7 * 7 }}",
    "{{ name",
    "{% for i in range(1000000000) %}x{% endfor %}",
    "{% include '/etc/passwd' %}",
    "a@example.com\r\nBcc: b@example.com",
    "\n{\"level\":\"ERROR\",\"message\":\"forged\"}",
    "../../etc/passwd",
    "%s%n%n",
    "NaN",
    "1e999",
    "-1",
    "null",
    "00000000-0000-0000-0000-000000000000",
    "0195a5f0-7c5e-7d3a-8f00-000000000001",
    "chat",
    "en",
    "a@example.com",
    "premium",
];

/// A message made of `entropy`: the same bytes make the same message, fewer bytes a smaller one.
fn message(
    descriptor: &MessageDescriptor,
    entropy: &mut impl Iterator<Item = u8>,
    depth: usize,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        let choice = entropy.next().unwrap_or_default();
        if choice.is_multiple_of(3) || depth > DEEPEST {
            continue;
        }
        let value = if field.is_map() {
            let text = MapKey::String(text(entropy));
            Value::Map([(text, Value::String(TEXTS[8].to_owned()))].into())
        } else if field.is_list() {
            let count = usize::from(choice % 4);
            Value::List((0..count).map(|_| value(&field, entropy, depth)).collect())
        } else {
            value(&field, entropy, depth)
        };
        // A map of other types stays empty.
        let _ = message.try_set_field(&field, value);
    }
    message
}

fn text(entropy: &mut impl Iterator<Item = u8>) -> String {
    match entropy.next().unwrap_or_default() {
        200..=215 => "x".repeat(30_000),
        choice => TEXTS[usize::from(choice) % TEXTS.len()].to_owned(),
    }
}

fn value(field: &FieldDescriptor, entropy: &mut impl Iterator<Item = u8>, depth: usize) -> Value {
    let choice = usize::from(entropy.next().unwrap_or_default());
    let whole = [0, 1, 5, -1, 100, i64::MAX, i64::MIN, 1_772_438_400][choice % 8];
    let real = [0.0, 0.5, -1.0, f64::NAN, f64::INFINITY, f64::MIN, 1e-320, 1.0][choice % 8];
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the more extreme the better
    match field.kind() {
        Kind::Bool => Value::Bool(choice % 2 == 0),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(whole as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(whole),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(whole as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(whole as u64),
        Kind::Float => Value::F32(real as f32),
        Kind::Double => Value::F64(real),
        Kind::String => Value::String(text(entropy)),
        Kind::Bytes => Value::Bytes(entropy.take(choice).collect()),
        Kind::Enum(_) => Value::EnumNumber([0, 1, 2, 3, 99, -1, i32::MAX, 4][choice % 8]),
        Kind::Message(inner) => Value::Message(message(&inner, entropy, depth + 1)),
    }
}

/// What is wrong with an answer, if anything is.
fn complaint(status: &Status) -> Option<String> {
    let ours = matches!(
        status.code(),
        Code::Internal
            | Code::Unknown
            | Code::Unavailable
            | Code::DataLoss
            | Code::DeadlineExceeded
            | Code::Cancelled
    );
    ours.then(|| format!("{:?}: {}", status.code(), status.message()))
}

#[test]
fn any_message_to_any_rpc_is_answered_and_the_next_one_too() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let platform = runtime.block_on(TestPlatform::start())?;
    let methods = reflect::methods()?;
    let token = platform.tenant("acme").token().to_owned();
    let mut metadata = MetadataMap::new();
    metadata.insert("authorization", format!("Bearer {token}").parse()?);

    let config = Config {
        cases: CALLS * rounds(),
        failure_persistence: None,
        ..Config::default()
    };
    let calls = (
        any::<prop::sample::Index>(),
        any::<bool>(),
        vec(any::<u8>(), 0..200),
    );
    let outcome = TestRunner::new(config).run(&calls, |(method, raw, bytes)| {
        let method = method.get(&methods);
        let body = if raw {
            bytes
        } else {
            reflect::encode(&message(&method.input(), &mut bytes.into_iter(), 0))
        };
        let call = reflect::answer(platform.channel(), method, metadata.clone(), vec![body], 1);
        let answer = runtime.block_on(async { tokio::time::timeout(ANSWER, call).await });
        let complaint = match answer {
            Ok(answer) => complaint(&answer.status),
            Err(_) if method.is_server_streaming() => None,
            Err(_) => Some(format!("no answer within {ANSWER:?}")),
        };
        match complaint {
            Some(complaint) => Err(TestCaseError::fail(format!(
                "{}: {complaint}",
                method.full_name()
            ))),
            None => Ok(()),
        }
    });
    outcome.map_err(|failure| failure.to_string())?;
    runtime.block_on(platform.stop());
    Ok(())
}

/// A key as lists use it.
type Key = (DateTime<Utc>, Uuid);

proptest! {
    #![proptest_config(Config {
        cases: 2_000 * rounds(),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::default()
    })]

    #[test]
    fn any_page_token_is_read_or_refused(token in ".{0,80}", size in any::<i32>(), filter in ".{0,10}") {
        let mut violations = Violations::default();
        if let Ok(page) = Page::<Key>::parse(size, &token, &filter, &mut violations) {
            prop_assert!((2..=201).contains(&page.limit()));
        }
    }

    #[test]
    fn a_page_token_whose_bytes_were_changed_is_refused_or_is_a_key(
        at in any::<prop::sample::Index>(),
        with in "[A-Za-z0-9_-]",
    ) {
        let first = Page::<u64>::parse(1, "", &"filter", &mut Violations::default())?;
        let mut token = first.next(&mut vec![7_u64, 8], |key| *key)?;
        let place = at.index(token.len());
        token.replace_range(place..=place, &with);
        // A changed key is a key: it grants nothing, since the tenant comes from the caller.
        let _ = Page::<u64>::parse(1, &token, &"filter", &mut Violations::default());
        prop_assert!(Page::<u64>::parse(1, &token, &"another", &mut Violations::default()).is_err());
    }

    #[test]
    fn any_cursor_is_read_as_it_was_written_or_refused(text in ".{0,60}") {
        if let Ok(cursor) = Cursor::decode(&text) {
            prop_assert!(cursor.position >= 0);
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
        }
    }

    #[test]
    fn any_instant_is_read_as_it_was_written_or_refused(seconds in any::<i64>(), nanos in any::<i32>()) {
        let given = Timestamp { seconds, nanos };
        if let Some(read) = instant(given) {
            prop_assert_eq!(read.timestamp(), seconds);
            prop_assert_eq!(i64::from(read.timestamp_subsec_nanos()), i64::from(nanos));
        }
    }

    #[test]
    fn any_mask_names_fields_that_may_be_updated_or_is_refused(paths in vec(".{0,12}|name|note", 0..5)) {
        let mut violations = Violations::default();
        let mask = Mask::parse(Some(&FieldMask { paths }), &["name", "note"], &[], &mut violations);
        prop_assert_eq!(mask.is_none(), !violations.is_empty());
    }

    #[test]
    fn any_etag_but_the_present_one_is_refused(text in ".{1,30}", version in 1_i64..1_000_000) {
        let present = Etag::of(version);
        let same = present.to_string() == text;
        prop_assert_eq!(present.check(&text).is_ok(), same);
    }

    #[test]
    fn any_tenant_is_a_header_and_a_literal_or_refused(text in ".{0,80}") {
        if let Ok(tenant) = TenantId::parse(&text) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            prop_assert!(tenant.as_str().chars().all(plain), "{tenant}");
        }
    }
}
