//! Running a checked expression.

use std::sync::Arc;

use cel::{Context, Env, ExecutionError, Program};

use crate::Values;

/// Why a condition gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// It reads something that has no value; `has` would have told.
    #[error("reads {0}, which has no value")]
    Missing(String),
    /// A division by zero, a number too large, a place beyond the end of a list.
    #[error("cannot be computed: {0}")]
    Impossible(String),
}

pub(crate) fn holds(program: &Program, values: &Values, env: Arc<Env>) -> Result<bool, EvaluationError> {
    let mut context = Context::with_env(env);
    for (name, value) in &values.variables {
        context.add_variable_from_value(name.clone(), value.clone());
    }
    match program.execute(&context) {
        Ok(cel::Value::Bool(answer)) => Ok(answer),
        // The check has seen that the result is a bool; only a value of another type than declared leads here.
        Ok(_) => Err(EvaluationError::Impossible(
            "a value is not of its declared type".to_owned(),
        )),
        Err(ExecutionError::NoSuchKey(name) | ExecutionError::UndeclaredReference(name)) => {
            Err(EvaluationError::Missing(name.to_string()))
        }
        Err(error) => Err(EvaluationError::Impossible(kind(&error).to_owned())),
    }
}

/// In words that hold nothing of the values.
fn kind(error: &ExecutionError) -> &'static str {
    match error {
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "division by zero",
        ExecutionError::Overflow(..) => "a number is too large",
        ExecutionError::IndexOutOfBounds(_) => "a place beyond the end of a list",
        _ => "a value is not of its declared type",
    }
}
