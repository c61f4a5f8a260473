//! Valid requests, built from the descriptors.

use attune_testkit::Failure;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, MethodDescriptor, Value,
};
use uuid::Uuid;

use super::{Path, Sample, World, sample};

/// Makes requests that the platform accepts from the tenant of a world.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'w> {
    world: &'w World,
}

impl<'w> Samples<'w> {
    /// Requests about what is in `world`.
    pub fn of(world: &'w World) -> Self {
        Self { world }
    }

    /// A request for each member of the method's oneof, or one.
    pub fn requests(self, method: &MethodDescriptor) -> Result<Vec<DynamicMessage>, Failure> {
        let input = method.input();
        let members = input
            .oneofs()
            .filter(|oneof| !oneof.is_synthetic())
            .map(|oneof| oneof.fields().len());
        let choices = members.max().unwrap_or(1);
        (0..choices)
            .map(|choice| self.message(input.name(), &input, choice))
            .collect()
    }

    /// The first of [`requests`](Self::requests).
    pub fn request(self, method: &MethodDescriptor) -> Result<DynamicMessage, Failure> {
        let input = method.input();
        self.message(input.name(), &input, 0)
    }

    fn message(
        self,
        root: &str,
        descriptor: &MessageDescriptor,
        choice: usize,
    ) -> Result<DynamicMessage, Failure> {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            let chosen = field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic())
                .is_none_or(|oneof| {
                    oneof.fields().position(|member| member == field) == Some(choice % oneof.fields().len())
                });
            if chosen && let Some(value) = self.value(root, &field, choice)? {
                let list = field.is_list() && !matches!(value, Value::List(_));
                message.set_field(&field, if list { Value::List(vec![value]) } else { value });
            }
        }
        Ok(message)
    }

    fn value(self, root: &str, field: &FieldDescriptor, choice: usize) -> Result<Option<Value>, Failure> {
        let world = self.world;
        Ok(Some(match sample(root, field)? {
            Sample::Output | Sample::Absent => return Ok(None),
            Sample::Inside => match field.kind() {
                Kind::Message(inner) => Value::Message(self.message(root, &inner, choice)?),
                _ => return Err(format!("{} is no message", field.full_name()).into()),
            },
            Sample::Known(name) => Value::String(world.known(name)?.to_owned()),
            Sample::Text(text) => Value::String(marked(text, &world.marker)),
            Sample::Unique(text) => {
                let unique = format!("{}-{}", world.marker, Uuid::now_v7().simple());
                Value::String(marked(text, &unique))
            }
            Sample::Int(number) if field.kind() == Kind::Int64 => Value::I64(number.into()),
            Sample::Int(number) => Value::I32(number),
            Sample::Double(number) => Value::F64(number),
            Sample::Choice(number) => Value::EnumNumber(number),
            Sample::Hours(hours) => timestamp(field, world.now.timestamp() + hours * 3600, 0),
            Sample::Mask(paths) => {
                let paths = paths
                    .iter()
                    .map(|path| Value::String((*path).to_owned()))
                    .collect();
                single(field, "paths", Value::List(paths))
            }
            Sample::Pair(key) => {
                let value = Value::String(format!("value {}", world.marker));
                Value::Map([(MapKey::String(key.to_owned()), value)].into())
            }
            Sample::RequestId => Value::String(Uuid::new_v4().to_string()),
        }))
    }
}

impl Path {
    /// How a valid value of the field looks in the request `root`; what is within an output is an output.
    pub fn sample(&self, root: &str) -> Result<Sample, Failure> {
        let mut found = Sample::Inside;
        for step in self.steps() {
            found = sample(root, step)?;
            if found == Sample::Output {
                break;
            }
        }
        Ok(found)
    }
}

/// The instant `seconds` after 1970 and `nanos` more as a value of the timestamp field.
pub fn timestamp(field: &FieldDescriptor, seconds: i64, nanos: i32) -> Value {
    let mut value = single(field, "seconds", Value::I64(seconds));
    if let Value::Message(message) = &mut value {
        message.set_field_by_name("nanos", Value::I32(nanos));
    }
    value
}

/// A message for `field` with one field set.
pub fn single(field: &FieldDescriptor, name: &str, value: Value) -> Value {
    match field.kind() {
        Kind::Message(descriptor) => {
            let mut message = DynamicMessage::new(descriptor);
            message.set_field_by_name(name, value);
            Value::Message(message)
        }
        _ => value,
    }
}

/// Not `format!`: a template's own `{{ }}` stays.
fn marked(text: &str, with: &str) -> String {
    text.replace("{{", "\u{1}")
        .replace("{}", with)
        .replace('\u{1}', "{{")
}
