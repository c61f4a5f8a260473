//! What an expression is asked about.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::objects::{Key, Map};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{LONGEST_TEXT, MOST_ITEMS};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// A text of at most [`LONGEST_TEXT`] bytes.
    String(String),
    /// An instant.
    Timestamp(DateTime<Utc>),
    /// A span of time.
    Duration(TimeDelta),
    /// A list of at most [`MOST_ITEMS`].
    List(Vec<Value>),
    /// A map or a record of at most [`MOST_ITEMS`].
    Map(BTreeMap<String, Value>),
}

/// The values of variables. Cheap to read, and within the bounds of this crate by construction.
#[derive(Debug, Default)]
pub struct Values {
    pub(crate) variables: Vec<(String, cel::Value)>,
}

/// A value is larger than an expression may see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rule sees texts of at most {LONGEST_TEXT} bytes and lists of at most {MOST_ITEMS} entries")]
pub struct TooLarge;

impl Values {
    /// Gives `name` a value. Fails with [`TooLarge`] beyond the bounds: cutting it short would change what a rule
    /// says about it.
    pub fn set(&mut self, name: impl Into<String>, value: Value) -> Result<(), TooLarge> {
        let value = convert(value)?;
        self.variables.push((name.into(), value));
        Ok(())
    }
}

fn convert(value: Value) -> Result<cel::Value, TooLarge> {
    Ok(match value {
        Value::Bool(value) => cel::Value::Bool(value),
        Value::Int(value) => cel::Value::Int(value),
        Value::Double(value) => cel::Value::Float(value),
        Value::String(text) if text.len() > LONGEST_TEXT => return Err(TooLarge),
        Value::String(text) => cel::Value::String(Arc::new(text)),
        Value::Timestamp(instant) => cel::Value::Timestamp(instant.fixed_offset()),
        Value::Duration(span) => cel::Value::Duration(span),
        Value::List(items) if items.len() > MOST_ITEMS => return Err(TooLarge),
        Value::List(items) => {
            let items: Result<Vec<_>, _> = items.into_iter().map(convert).collect();
            cel::Value::List(Arc::new(items?))
        }
        Value::Map(entries) if entries.len() > MOST_ITEMS => return Err(TooLarge),
        Value::Map(entries) => {
            let entry = |(name, value)| Ok((Key::String(Arc::new(name)), convert(value)?));
            let map: Result<HashMap<_, _>, _> = entries.into_iter().map(entry).collect();
            cel::Value::Map(Map { map: Arc::new(map?) })
        }
    })
}
