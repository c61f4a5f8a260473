//! What is wrong with an expression, and where.

use std::fmt;

use cel::ParseErrors;

/// The most problems of one expression that are told.
const MOST: usize = 10;
/// Characters of a problem's text: the parser may quote the source.
const LONGEST: usize = 200;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The character in its line, from 1.
    pub column: usize,
    /// What it must be.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "line {} column {}: {}",
            self.line, self.column, self.message
        )
    }
}

/// Everything that is wrong with an expression; at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    pub(crate) fn one(line: usize, column: usize, message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.add(line, column, message);
        problems
    }

    pub(crate) fn add(&mut self, line: usize, column: usize, message: impl Into<String>) {
        if self.list.len() < MOST {
            let message: String = message.into();
            let one_line = message.chars().filter(|c| !c.is_control()).take(LONGEST);
            self.list.push(Problem {
                line,
                column,
                message: one_line.collect(),
            });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The problems, in the order they stand in the source.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.list.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(formatter, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What the parser found.
pub(crate) fn syntax(errors: &ParseErrors) -> Problems {
    let mut problems = Problems::default();
    for error in &errors.errors {
        let place = |number: isize| usize::try_from(number).unwrap_or_default().max(1);
        problems.add(place(error.pos.0), place(error.pos.1), error.msg.as_str());
    }
    if problems.is_empty() {
        problems.add(1, 1, "is no expression");
    }
    problems
}

/// The line and the column, both from 1, of the character that begins at byte `offset`.
pub(crate) fn place(source: &str, offset: usize) -> (usize, usize) {
    let before: String = source
        .char_indices()
        .take_while(|(at, _)| *at < offset)
        .map(|(_, c)| c)
        .collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}
