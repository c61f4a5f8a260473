//! Operators and functions, and what they give for which types.

use cel::common::ast::operators as op;

use crate::Type;

/// The type that a call gives, or why there is no such call.
pub(crate) fn result(name: &str, on_target: bool, arguments: &[Type]) -> Result<Type, String> {
    let found = match arguments {
        [one] if on_target || name == "size" => of_one(name, one),
        [one] => unary(name, one),
        [left, right] if on_target => of_text(name, left, right),
        [left, right] => binary(name, left, right),
        [condition, yes, no] if name == op::CONDITIONAL => {
            (*condition == Type::Bool && yes == no).then(|| yes.clone())
        }
        _ => None,
    };
    found.ok_or_else(|| refusal(name, arguments))
}

fn of_one(name: &str, one: &Type) -> Option<Type> {
    match (name, one) {
        ("size", Type::String | Type::List(_) | Type::Map(_)) => Some(Type::Int),
        _ => None,
    }
}

fn unary(name: &str, one: &Type) -> Option<Type> {
    match (name, one) {
        (op::LOGICAL_NOT, Type::Bool) => Some(Type::Bool),
        (op::NEGATE, one) if one.is_number() => Some(one.clone()),
        ("int", Type::Double) => Some(Type::Int),
        ("double", Type::Int) => Some(Type::Double),
        ("timestamp", Type::String) => Some(Type::Timestamp),
        ("duration", Type::String) => Some(Type::Duration),
        _ => None,
    }
}

fn of_text(name: &str, text: &Type, part: &Type) -> Option<Type> {
    let known = matches!(name, "contains" | "startsWith" | "endsWith");
    (known && *text == Type::String && *part == Type::String).then_some(Type::Bool)
}

fn binary(name: &str, left: &Type, right: &Type) -> Option<Type> {
    let same = left == right;
    let numbers = left.is_number() && right.is_number();
    match name {
        op::LOGICAL_AND | op::LOGICAL_OR => (same && *left == Type::Bool).then_some(Type::Bool),
        op::EQUALS | op::NOT_EQUALS => (numbers || same && left.is_scalar()).then_some(Type::Bool),
        op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS => {
            (numbers || same && left.is_ordered()).then_some(Type::Bool)
        }
        op::IN => match right {
            Type::List(item) => (**item == *left && left.is_scalar()).then_some(Type::Bool),
            Type::Map(_) => (*left == Type::String).then_some(Type::Bool),
            _ => None,
        },
        op::INDEX => match (left, right) {
            (Type::List(item), Type::Int) => Some((**item).clone()),
            (Type::Map(value), Type::String) => Some((**value).clone()),
            _ => None,
        },
        op::MODULO => (same && *left == Type::Int).then_some(Type::Int),
        op::MULTIPLY | op::DIVIDE => (same && numbers).then(|| left.clone()),
        op::ADD | op::SUBSTRACT => sum(name, left, right),
        _ => None,
    }
}

/// Texts and lists are not joined: they would grow.
fn sum(name: &str, left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::Int, Type::Int) | (Type::Double, Type::Double) | (Type::Duration, Type::Duration) => {
            Some(left.clone())
        }
        (Type::Timestamp, Type::Duration) => Some(Type::Timestamp),
        (Type::Duration, Type::Timestamp) if name == op::ADD => Some(Type::Timestamp),
        (Type::Timestamp, Type::Timestamp) if name == op::SUBSTRACT => Some(Type::Duration),
        _ => None,
    }
}

fn refusal(name: &str, arguments: &[Type]) -> String {
    let types: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let types = types.join(", ");
    match name.trim_matches(|c| c == '_' || c == '@') {
        "?_:" => format!("there is no ?: for {types}"),
        "[_]" => format!("there is no [] for {types}"),
        known => format!("there is no {known} for {types}"),
    }
}
