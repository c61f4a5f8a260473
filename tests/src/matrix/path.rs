//! Where in a request a field is.

use std::fmt;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

/// Deeper than any request is; a message that holds itself ends here.
const DEEPEST: usize = 6;

/// The way from a request to one of its fields; through the first entry of each list on it.
#[derive(Clone, Debug)]
pub struct Path(Vec<FieldDescriptor>);

impl Path {
    /// Every field of `message` and of the messages in it. Timestamps, field masks and maps are not entered.
    pub fn all(message: &MessageDescriptor) -> Vec<Self> {
        let mut found = Vec::new();
        below(message, &[], &mut found);
        found
    }

    /// The field itself.
    pub fn field(&self) -> Option<&FieldDescriptor> {
        self.0.last()
    }

    /// The fields on the way, this one included.
    pub fn steps(&self) -> &[FieldDescriptor] {
        &self.0
    }

    /// Sets the field to `value`, and makes the messages on the way where they are missing.
    pub fn put(&self, message: &mut DynamicMessage, value: Value) {
        put(&self.0, message, value);
    }

    /// Whether a violation of `field` is about this field: it is the field, or around it, or in it. What a stream
    /// says about one of its items is relative to the item.
    pub fn is_named_by(&self, field: &str) -> bool {
        let (own, field) = (plain(&self.to_string()), plain(field));
        let around = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        own == field
            || around(&own, &field)
            || around(&field, &own)
            || own.strip_suffix(&field).is_some_and(|rest| rest.ends_with('.'))
            || own
                .split_once('.')
                .is_some_and(|(_, inner)| around(inner, &field) || around(&field, inner))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, field) in self.0.iter().enumerate() {
            let inner = place + 1 < self.0.len();
            let dot = if inner { "." } else { "" };
            let index = if inner && field.is_list() { "[0]" } else { "" };
            write!(f, "{}{index}{dot}", field.name())?;
        }
        Ok(())
    }
}

/// A path without the places in lists.
fn plain(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|c| {
            inside = *c == '[' || inside && *c != ']';
            !inside && *c != ']'
        })
        .collect()
}

/// The message that a field holds, unless it is one that is given as a whole.
pub(super) fn entered(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(inner) if !field.is_map() && !inner.full_name().starts_with("google.protobuf.") => {
            Some(inner)
        }
        _ => None,
    }
}

fn below(message: &MessageDescriptor, way: &[FieldDescriptor], found: &mut Vec<Path>) {
    for field in message.fields() {
        let mut way = way.to_vec();
        way.push(field.clone());
        found.push(Path(way.clone()));
        if let Some(inner) = entered(&field)
            && way.len() < DEEPEST
        {
            below(&inner, &way, found);
        }
    }
}

fn put(way: &[FieldDescriptor], message: &mut DynamicMessage, value: Value) {
    let Some((field, rest)) = way.split_first() else {
        return;
    };
    if rest.is_empty() {
        message.set_field(field, value);
        return;
    }
    match message.get_field_mut(field) {
        Value::Message(inner) => put(rest, inner, value),
        Value::List(list) => {
            if list.is_empty()
                && let Kind::Message(inner) = field.kind()
            {
                list.push(Value::Message(DynamicMessage::new(inner)));
            }
            if let Some(Value::Message(first)) = list.first_mut() {
                put(rest, first, value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_testkit::reflect;

    fn create_profile() -> MessageDescriptor {
        let methods = reflect::methods().unwrap();
        methods
            .into_iter()
            .find(|method| method.name() == "CreateProfile")
            .unwrap()
            .input()
    }

    #[test]
    fn a_field_in_a_list_of_messages_is_found_and_set() {
        let paths = Path::all(&create_profile());
        let path = paths
            .iter()
            .find(|path| path.to_string() == "profile.identities[0].value")
            .unwrap();
        let mut request = DynamicMessage::new(create_profile());
        path.put(&mut request, Value::String("me@example.com".to_owned()));
        assert!(String::from_utf8_lossy(&reflect::encode(&request)).contains("me@example.com"));
    }

    #[test]
    fn a_violation_names_the_field_or_what_is_around_or_in_it() {
        let paths = Path::all(&create_profile());
        let path = paths
            .iter()
            .find(|path| path.to_string() == "profile.identities[0].value")
            .unwrap();
        for named in [
            "profile.identities[0].value",
            "profile.identities",
            "identities[3].value",
            "profile",
        ] {
            assert!(path.is_named_by(named), "{named}");
        }
        for other in [
            "profile.language",
            "request_id",
            "profile.identities[0].kind",
            "val",
        ] {
            assert!(!path.is_named_by(other), "{other}");
        }
    }
}
