//! Why issues have the priority they have.

use attune_api::improvement::v1 as pb;
use attune_rpc::timestamp;

use crate::domain::{Input, Issue, Priority, Term, TermKind};

pub(crate) fn to_proto(issue: &Issue, priority: Priority) -> pb::Priority {
    let explanation = priority.explanation(issue.state);
    let Priority {
        value: _, // of an issue that is over, what it was
        terms,
        computed_at,
        rule,
        parameters_version: _, // the inputs of the value name it
    } = priority;
    pb::Priority {
        issue_id: issue.issue_id.to_string(),
        priority: issue.priority,
        terms: terms.into_iter().map(term_to_proto).collect(),
        computed_at: Some(timestamp(computed_at)),
        rule,
        explanation,
    }
}

fn term_to_proto(term: Term) -> pb::PriorityTerm {
    let Term {
        kind,
        factor,
        known,
        inputs,
        formula,
        explanation,
    } = term;
    let kind = match kind {
        TermKind::People => pb::PriorityTermKind::People,
        TermKind::Feeling => pb::PriorityTermKind::Feeling,
        TermKind::Value => pb::PriorityTermKind::Value,
        TermKind::Trend => pb::PriorityTermKind::Trend,
        TermKind::Employees => pb::PriorityTermKind::Employees,
    };
    pb::PriorityTerm {
        kind: kind.into(),
        factor,
        known,
        inputs: inputs.into_iter().map(input_to_proto).collect(),
        formula,
        explanation,
    }
}

pub(super) fn input_to_proto(input: Input) -> pb::PriorityInput {
    let Input { name, value, source } = input;
    pb::PriorityInput { name, value, source }
}
