//! Conditions that a tenant writes, in the Common Expression Language (CEL), checked before they are kept and
//! bounded in what they may cost.
//!
//! The interpreter checks no types and has no budget of its own: a mistake would show at the first customer, and
//! 900 bytes of nested macros burn seconds. So [`Rule::compile`] walks the expression as it was written, before
//! any macro is expanded, against a declared [`Schema`]:
//!
//! - a source of at most [`LONGEST_SOURCE`] bytes and [`MOST_NODES`] nodes;
//! - at most [`MOST_LOOPS`] of `all`, `exists`, `exists_one`, `filter` and `map`, none within another and none
//!   over the result of another;
//! - patterns of `matches` written out, at most [`MOST_PATTERNS`] of them, each small and none in a loop, because
//!   the interpreter compiles a pattern each time it meets it;
//! - no operation that makes longer texts or lists of shorter ones;
//! - variables, fields, functions and types as declared. Every problem is told with line and column, at once.
//!
//! At run time [`Values`] caps texts and lists, and the environment is prepared once. What remains is a bound of
//! about `MOST_LOOPS × MOST_ITEMS × MOST_NODES` steps of some tens of nanoseconds each.

mod call;
mod check;
mod evaluate;
mod problem;
mod schema;
mod value;

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Env, Program};

pub use evaluate::EvaluationError;
pub use problem::{Problem, Problems};
pub use schema::{Schema, Type};
pub use value::{TooLarge, Value, Values};

/// Bytes of a source.
pub const LONGEST_SOURCE: usize = 2048;
/// Nodes of an expression.
pub const MOST_NODES: usize = 200;
/// Loops of an expression.
pub const MOST_LOOPS: usize = 2;
/// Uses of `matches` in an expression.
pub const MOST_PATTERNS: usize = 4;
/// Entries of a list or map that an expression sees.
pub const MOST_ITEMS: usize = 100;
/// Bytes of a text that an expression sees.
pub const LONGEST_TEXT: usize = 80_000;

/// For checking: without macros, so that the expression stays as it was written.
static PLAIN: LazyLock<Env> = LazyLock::new(|| Env::default().with_optional_support(false));
/// For compiling and running. Building one costs ten times what an evaluation does.
static FULL: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// A condition that has been checked and compiled; cheap to clone.
#[derive(Clone)]
pub struct Rule {
    source: Arc<str>,
    program: Arc<Program>,
}

impl Rule {
    /// Checks and compiles a condition whose variables are those of `schema` and whose result is true or false.
    /// Fails with every problem that was found.
    pub fn compile(source: &str, schema: &Schema) -> Result<Self, Problems> {
        if source.len() > LONGEST_SOURCE {
            let message = format!("must have at most {LONGEST_SOURCE} bytes, not {}", source.len());
            return Err(Problems::one(1, 1, message));
        }
        let plain = PLAIN.compile(source).map_err(|errors| problem::syntax(&errors))?;
        check::check(&plain, source, schema)?;
        let program = FULL.compile(source).map_err(|errors| problem::syntax(&errors))?;
        Ok(Self {
            source: source.into(),
            program: Arc::new(program),
        })
    }

    /// The source as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the condition holds for `values`. What is declared and has no value cannot be read, only asked
    /// for with `has`: reading it is [`EvaluationError::Missing`].
    pub fn holds(&self, values: &Values) -> Result<bool, EvaluationError> {
        evaluate::holds(&self.program, values, Arc::clone(&FULL))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Rule").field(&self.source).finish()
    }
}
