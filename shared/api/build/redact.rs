//! `Debug` without personal data: prost knows nothing of `debug_redact` and would print what it marks.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

/// Names of fields that Rust keeps for itself.
const KEYWORDS: [&str; 12] = [
    "type", "ref", "match", "use", "where", "move", "in", "for", "loop", "mod", "box", "final",
];

/// What replaces prost's own `Debug`.
pub(crate) struct Redacted {
    /// The messages that prost is to leave without one. A path stands for everything inside it too.
    pub(crate) paths: Vec<String>,
    /// The implementations for them.
    pub(crate) code: String,
}

impl Redacted {
    pub(crate) fn of(pool: &DescriptorPool) -> Self {
        let marked: Vec<MessageDescriptor> = ours(pool)
            .filter(|message| message.fields().any(|field| is_marked(&field)))
            .collect();
        let paths = marked
            .iter()
            .map(|message| format!(".{}", message.full_name()))
            .collect();
        let inside: BTreeSet<String> = ours(pool)
            .filter(|message| marked.iter().any(|outer| is_inside(message.full_name(), outer)))
            .map(|message| message.full_name().to_owned())
            .collect();
        let mut code = String::new();
        for message in ours(pool).filter(|message| inside.contains(message.full_name())) {
            of_message(&message, &mut code);
        }
        for choice in pool.all_enums() {
            if marked.iter().any(|outer| is_inside(choice.full_name(), outer)) {
                let path = rust_path(choice.full_name(), choice.package_name());
                let body = "f.write_str(self.as_str_name())";
                implement(&path, body, &mut code);
            }
        }
        Self { paths, code }
    }
}

/// The body of a function from a message's name and bytes to what `Debug` shows of it, for tests.
pub(crate) fn debug_of(pool: &DescriptorPool) -> String {
    let mut code = "match name {\n".to_owned();
    for message in ours(pool) {
        let (name, path) = (
            message.full_name(),
            rust_path(message.full_name(), message.package_name()),
        );
        let _ = writeln!(
            code,
            "    {name:?} => <{path} as ::prost::Message>::decode(bytes).ok().map(|message| format!(\"{{message:?}}\")),"
        );
    }
    code + "    _ => None,\n}"
}

/// The messages of the packages that become modules of the crate.
fn ours(pool: &DescriptorPool) -> impl Iterator<Item = MessageDescriptor> + '_ {
    pool.all_messages().filter(|message| {
        let name = message.full_name();
        name.starts_with("attune.") && !name.starts_with("attune.auth.") && !message.is_map_entry()
    })
}

fn is_inside(name: &str, outer: &MessageDescriptor) -> bool {
    name.strip_prefix(outer.full_name())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_marked(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let mark = options.get_field_by_name("debug_redact");
    mark.is_some_and(|value| value.as_bool() == Some(true))
}

fn of_message(message: &MessageDescriptor, code: &mut String) {
    let mut body = format!("f.debug_struct({:?})", message.name());
    let mut seen = BTreeSet::new();
    for field in message.fields() {
        let name = ident(field.name());
        let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        let (shown, value) = match oneof {
            Some(oneof) if !seen.insert(oneof.name().to_owned()) => continue,
            Some(oneof) => (oneof.name().to_owned(), format!("&self.{}", ident(oneof.name()))),
            None if is_marked(&field) => (field.name().to_owned(), REDACTED.to_owned()),
            // The generated accessor answers the choice with its name.
            None if matches!(field.kind(), Kind::Enum(_))
                && !field.is_list()
                && !field.supports_presence() =>
            {
                (field.name().to_owned(), format!("&self.{name}()"))
            }
            None => (field.name().to_owned(), format!("&self.{name}")),
        };
        let _ = write!(body, ".field({shown:?}, {value})");
    }
    body.push_str(".finish()");
    let path = rust_path(message.full_name(), message.package_name());
    implement(&path, &body, code);
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        of_oneof(message, &oneof, code);
    }
}

const REDACTED: &str = "&::core::format_args!(\"[redacted]\")";

fn of_oneof(message: &MessageDescriptor, oneof: &OneofDescriptor, code: &mut String) {
    let mut body = "match self {".to_owned();
    for field in oneof.fields() {
        let variant = camel(field.name());
        let (binding, value) = if is_marked(&field) {
            ("_", REDACTED)
        } else {
            ("value", "value")
        };
        let _ = write!(
            body,
            "Self::{variant}({binding}) => f.debug_tuple({variant:?}).field({value}).finish(),"
        );
    }
    body.push('}');
    let name = format!("{}.{}", message.full_name(), camel(oneof.name()));
    implement(&rust_path(&name, message.package_name()), &body, code);
}

fn implement(path: &str, body: &str, code: &mut String) {
    let _ = write!(
        code,
        "impl ::core::fmt::Debug for {path} {{
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{ {body} }}
        }}\n"
    );
}

/// `crate::feedback::v1::survey::Question` of `attune.feedback.v1.Survey.Question`.
fn rust_path(full_name: &str, package: &str) -> String {
    let inner = full_name
        .strip_prefix(package)
        .unwrap_or(full_name)
        .trim_start_matches('.');
    let package = package
        .strip_prefix("attune.")
        .unwrap_or(package)
        .replace('.', "::");
    let mut parts: Vec<String> = inner.split('.').map(str::to_owned).collect();
    let name = parts.pop().unwrap_or_default();
    let modules: String = parts.iter().map(|part| format!("::{}", snake(part))).collect();
    format!("crate::{package}{modules}::{name}")
}

fn ident(name: &str) -> String {
    if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

fn camel(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        })
        .collect()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (place, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && place > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
