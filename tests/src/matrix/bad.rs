//! Values that a field must not take, or that it may take and must not stumble over.

use std::sync::Arc;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, Value};
use uuid::Uuid;

use super::{Path, Sample, single, timestamp};

const MEGABYTE: usize = 1 << 20;
const MANY: usize = 100_000;

/// Makes a value when it is sent, so that not all are in memory at once.
pub type Make = Arc<dyn Fn() -> Value + Send + Sync>;

/// A bad value of a field: in words, itself, and whether it must be refused.
pub type Bad = (&'static str, Make, bool);

fn text(value: impl Into<String>) -> Value {
    Value::String(value.into())
}

fn always(value: Value) -> Make {
    Arc::new(move || value.clone())
}

/// Texts that no field of the platform takes, and some that one may.
fn texts(sample: Sample) -> Vec<Bad> {
    const OWN: [&str; 6] = [
        "topic_id",
        "spare_topic_id",
        "email",
        "told_initiative_id",
        "member_id",
        "spare_member_id",
    ];
    let id = matches!(sample, Sample::Known(name) if !OWN.contains(&name));
    let mut bad: Vec<Bad> = vec![
        ("a megabyte", Arc::new(|| text("a".repeat(MEGABYTE))), true),
        ("a NUL", always(text("a\0b")), true),
        ("control characters", always(text("a\u{1b}[31m\u{7}\u{7f}")), true),
        ("emoji of four bytes", always(text("😡😡😡")), id),
        ("a quote", always(text("' OR 1=1 --")), id),
        ("blanks", always(text("   ")), id),
    ];
    if id {
        bad.push(("no id", always(text("42")), true));
        bad.push((
            "an id in braces",
            always(text(format!("{{{}}}", Uuid::now_v7()))),
            true,
        ));
        bad.push((
            "an id of nothing",
            always(text(Uuid::now_v7().to_string())),
            false,
        ));
        bad.push(("the nil id", always(text(Uuid::nil().to_string())), false));
    }
    bad
}

fn maps() -> Vec<Bad> {
    let one = |key: String, value: &str| Value::Map([(MapKey::String(key), text(value))].into());
    let entry = |i: usize| (MapKey::String(format!("k{i}")), text("v"));
    vec![
        (
            "ten thousand entries",
            Arc::new(move || Value::Map((0..10_000).map(entry).collect())),
            true,
        ),
        ("a NUL in a value", always(one("tier".to_owned(), "a\0b")), true),
        (
            "a key of a megabyte",
            Arc::new(move || one("k".repeat(MEGABYTE), "v")),
            true,
        ),
        ("an empty key", always(one(String::new(), "v")), true),
    ]
}

fn times(field: &FieldDescriptor) -> Vec<Bad> {
    vec![
        ("year 0", always(timestamp(field, -62_167_219_200, 0)), true),
        ("year 9999", always(timestamp(field, 253_402_300_799, 0)), true),
        ("nanos of -1", always(timestamp(field, 1_700_000_000, -1)), true),
        (
            "the last second of all",
            always(timestamp(field, i64::MAX, i32::MAX)),
            true,
        ),
    ]
}

fn masks(field: &FieldDescriptor) -> Vec<Bad> {
    let mask = |paths: &[&str]| {
        single(
            field,
            "paths",
            Value::List(paths.iter().map(|path| text(*path)).collect()),
        )
    };
    let long = "x".repeat(MEGABYTE);
    vec![
        ("a path of nothing", always(mask(&["nonsense"])), true),
        ("the path of an output", always(mask(&["create_time"])), true),
        ("a star among others", always(mask(&["*", "create_time"])), true),
        ("a star and a name", always(mask(&["*", "etag"])), true),
        ("a path of a megabyte", always(mask(&[long.as_str()])), true),
        ("many paths", always(mask(&["nonsense"; 10_000])), true),
    ]
}

/// Every bad value for the field at `path`, whose valid values look like `sample`.
pub fn bad_values(path: &Path, sample: Sample) -> Vec<Bad> {
    let Some(field) = path.field() else {
        return Vec::new();
    };
    if sample == Sample::Output {
        // Ignored: one value shows that it is.
        let small = |kind: Kind| matches!(kind, Kind::String) && !field.is_list() && !field.is_map();
        return if small(field.kind()) {
            vec![("a NUL", always(text("a\0b")), false)]
        } else {
            Vec::new()
        };
    }
    if field.is_map() {
        return maps();
    }
    let one: Vec<Bad> = match field.kind() {
        Kind::String => texts(sample),
        Kind::Enum(_) => vec![
            ("an unknown choice", always(Value::EnumNumber(4711)), true),
            ("a negative choice", always(Value::EnumNumber(-1)), true),
        ],
        Kind::Double => vec![
            ("NaN", always(Value::F64(f64::NAN)), true),
            ("infinity", always(Value::F64(f64::INFINITY)), true),
            ("negative infinity", always(Value::F64(f64::NEG_INFINITY)), true),
        ],
        Kind::Int32 => vec![
            ("-1", always(Value::I32(-1)), true),
            ("the smallest number", always(Value::I32(i32::MIN)), true),
            ("the largest number", always(Value::I32(i32::MAX)), false),
        ],
        Kind::Int64 => vec![
            ("-1", always(Value::I64(-1)), true),
            ("the smallest number", always(Value::I64(i64::MIN)), true),
            ("the largest number", always(Value::I64(i64::MAX)), true),
        ],
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => times(field),
        Kind::Message(message) if message.full_name() == "google.protobuf.FieldMask" => masks(field),
        _ => Vec::new(),
    };
    if !field.is_list() {
        return one;
    }
    let entry = match field.kind() {
        Kind::Message(message) => Value::Message(DynamicMessage::new(message)),
        Kind::Int32 => Value::I32(1),
        Kind::Enum(_) => Value::EnumNumber(1),
        _ => text("x"),
    };
    let listed = |make: Make| -> Make { Arc::new(move || Value::List(vec![make()])) };
    let mut lists: Vec<Bad> = one
        .into_iter()
        .map(|(what, make, bad)| (what, listed(make), bad))
        .collect();
    lists.push((
        "a hundred thousand entries",
        Arc::new(move || Value::List(vec![entry.clone(); MANY])),
        true,
    ));
    lists
}
