//! What an expression may speak of.

use std::collections::BTreeMap;
use std::fmt;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A number.
    Double,
    /// A text.
    String,
    /// An instant.
    Timestamp,
    /// A span of time.
    Duration,
    /// A list of values of one type.
    List(Box<Type>),
    /// Values of one type by names that are not declared.
    Map(Box<Type>),
    /// Values by declared names, any of which may be missing at run time.
    Record(BTreeMap<String, Type>),
}

impl Type {
    /// A list of `item`s.
    pub fn list(item: Type) -> Self {
        Self::List(Box::new(item))
    }

    /// A map from names to `value`s.
    pub fn map(value: Type) -> Self {
        Self::Map(Box::new(value))
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double)
    }

    /// Whether `<` puts two of them in order.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(
            self,
            Self::Int | Self::Double | Self::String | Self::Timestamp | Self::Duration
        )
    }

    /// Whether `==` compares two of them in a fixed number of steps.
    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Map(_) | Self::Record(_))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => formatter.write_str("bool"),
            Self::Int => formatter.write_str("int"),
            Self::Double => formatter.write_str("double"),
            Self::String => formatter.write_str("string"),
            Self::Timestamp => formatter.write_str("timestamp"),
            Self::Duration => formatter.write_str("duration"),
            Self::List(item) => write!(formatter, "list({item})"),
            Self::Map(value) => write!(formatter, "map(string, {value})"),
            Self::Record(_) => formatter.write_str("record"),
        }
    }
}

/// The variables of an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    variables: BTreeMap<String, Type>,
}

impl Schema {
    /// Declares a variable, in the place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, of: Type) -> Self {
        self.variables.insert(name.into(), of);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Type> {
        self.variables.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }
}
