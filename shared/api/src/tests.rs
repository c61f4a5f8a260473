//! Personal data never reaches a log through `Debug`.

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

const SECRET: &str = "nobody-may-read-this";
const HARMLESS: &str = "everybody-may-read-this";

/// What `Debug` shows of the message `name` in `bytes`.
fn debug_of(name: &str, bytes: &[u8]) -> Option<String> {
    include!(concat!(env!("OUT_DIR"), "/debug_of.rs"))
}

fn messages() -> Vec<MessageDescriptor> {
    let pool = DescriptorPool::decode(crate::FILE_DESCRIPTOR_SET).unwrap();
    pool.all_messages()
        .filter(|message| message.full_name().starts_with("attune.") && !message.is_map_entry())
        .collect()
}

fn is_marked(field: &FieldDescriptor) -> bool {
    let options = field.options();
    options
        .get_field_by_name("debug_redact")
        .is_some_and(|mark| mark.as_bool() == Some(true))
}

/// A value of the field with `text` wherever text can stand in it.
fn value(field: &FieldDescriptor, text: &str) -> Option<Value> {
    let single = |kind: Kind| match kind {
        Kind::String => Some(Value::String(text.to_owned())),
        Kind::Bytes => Some(Value::Bytes(text.as_bytes().to_vec().into())),
        _ => None,
    };
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else {
            return None;
        };
        let value = single(entry.map_entry_value_field().kind())?;
        return Some(Value::Map([(MapKey::String(text.to_owned()), value)].into()));
    }
    let value = single(field.kind())?;
    Some(if field.is_list() {
        Value::List(vec![value])
    } else {
        value
    })
}

#[test]
fn no_field_that_is_marked_shows_what_is_in_it() {
    let mut marked = 0;
    for message in messages() {
        for field in message.fields().filter(is_marked) {
            let mut filled = DynamicMessage::new(message.clone());
            let value = value(&field, SECRET).expect("only texts, bytes and maps of texts are marked");
            filled.set_field(&field, value);
            let shown = debug_of(message.full_name(), &filled.encode_to_vec()).unwrap();
            assert!(!shown.contains(SECRET), "{}: {shown}", field.full_name());
            assert!(shown.contains("[redacted]"), "{}: {shown}", field.full_name());
            marked += 1;
        }
    }
    assert!(
        marked > 5,
        "{marked} fields hold personal data, which is hardly all"
    );
}

#[test]
fn every_other_field_is_shown() {
    for message in messages() {
        if message.full_name().starts_with("attune.auth.") {
            continue;
        }
        for field in message.fields().filter(|field| !is_marked(field)) {
            // Bytes are shown as numbers.
            let Some(value) = value(&field, HARMLESS).filter(|_| field.kind() != Kind::Bytes) else {
                continue;
            };
            let mut filled = DynamicMessage::new(message.clone());
            filled.set_field(&field, value);
            let shown = debug_of(message.full_name(), &filled.encode_to_vec()).unwrap();
            assert!(shown.contains(HARMLESS), "{}: {shown}", field.full_name());
        }
    }
}

#[test]
fn what_holds_a_marked_field_further_in_does_not_show_it_either() {
    use crate::profiles::v1::{CreateProfileRequest, Profile};

    let profile = Profile {
        display_name: SECRET.to_owned(),
        time_zone: HARMLESS.to_owned(),
        ..Profile::default()
    };
    let request = CreateProfileRequest {
        profile: Some(profile),
        ..CreateProfileRequest::default()
    };
    let shown = format!("{request:?}");
    assert!(!shown.contains(SECRET) && shown.contains(HARMLESS), "{shown}");
}
