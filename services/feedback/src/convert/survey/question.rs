//! Questions.

use attune_api::feedback::v1 as pb;
use attune_rpc::Violations;

use super::definition::whole;
use super::{texts, texts_to_proto};
use crate::domain::survey::{Choice, Kind, Question, condition};

/// Words of the condition language, which cannot stand after a dot.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// All questions; conditions are checked against the questions before them.
pub(super) fn parse_all(questions: &[pb::Question], violations: &mut Violations) -> Option<Vec<Question>> {
    if questions.is_empty() {
        violations.add("questions", "must hold at least one question");
        return None;
    }
    let parsed: Vec<Option<Question>> = questions
        .iter()
        .enumerate()
        .map(|(place, question)| {
            let mut inner = Violations::default();
            let parsed = parse(question, &mut inner);
            violations.nest(&format!("questions[{place}]"), inner);
            parsed
        })
        .collect();
    let parsed: Vec<Question> = parsed.into_iter().collect::<Option<_>>()?;
    let mut whole = true;
    for (place, question) in parsed.iter().enumerate() {
        if parsed.iter().take(place).any(|before| before.id == question.id) {
            violations.add(format!("questions[{place}].question_id"), "must stand once");
            whole = false;
        }
        let field = format!("questions[{place}].condition");
        whole &= violations.check(&field, condition(&parsed, place)).is_some();
    }
    whole.then_some(parsed)
}

fn parse(question: &pb::Question, violations: &mut Violations) -> Option<Question> {
    let pb::Question {
        question_id,
        kind,
        texts: asked,
        required,
        options,
        rows,
        minimum,
        maximum,
        condition,
    } = question;
    let id = name("question_id", question_id, violations);
    let kind = violations
        .choice::<pb::QuestionKind>("kind", *kind)
        .and_then(kind_from);
    let asked = texts("texts", asked, 1000, violations);
    let (chooses, judges) = (
        matches!(kind, Some(Kind::Single | Kind::Multiple | Kind::Matrix)),
        kind == Some(Kind::Matrix),
    );
    let options = choices("options", options, chooses, 2..=50, violations);
    let rows = choices("rows", rows, judges, 1..=20, violations);
    let (least, most) = if kind == Some(Kind::Scale) {
        (10, 10)
    } else {
        (0, 0)
    };
    let minimum = whole("minimum", *minimum, 0, least, violations);
    let maximum = whole("maximum", *maximum, 0, most, violations);
    if kind == Some(Kind::Scale) && minimum.zip(maximum).is_some_and(|(least, most)| least >= most) {
        violations.add("maximum", "must be above the minimum");
    }
    if condition.contains('\0') {
        violations.add("condition", "must not hold control characters");
    }
    Some(Question {
        id: id?,
        kind: kind?,
        texts: asked?,
        required: *required,
        options: options?,
        rows: rows?,
        minimum: minimum?.into(),
        maximum: maximum?.into(),
        condition: condition.trim().to_owned(),
    })
}

/// A name that conditions and forms can say.
fn name(field: &str, text: &str, violations: &mut Violations) -> Option<String> {
    let fits = (1..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !RESERVED.contains(&text);
    if !fits {
        let rule = "must be 1 to 32 characters: a lower-case letter, then lower-case letters, digits and '_'";
        violations.add(field, format!("{rule}; and no word of the condition language"));
        return None;
    }
    Some(text.to_owned())
}

fn choices(
    field: &str,
    list: &[pb::QuestionOption],
    wanted: bool,
    count: std::ops::RangeInclusive<usize>,
    violations: &mut Violations,
) -> Option<Vec<Choice>> {
    if !wanted {
        if !list.is_empty() {
            violations.add(field, "must be empty for this kind of question");
            return None;
        }
        return Some(Vec::new());
    }
    if !count.contains(&list.len()) {
        violations.add(
            field,
            format!("must hold {} to {} entries", count.start(), count.end()),
        );
        return None;
    }
    let mut parsed: Vec<Choice> = Vec::with_capacity(list.len());
    let mut whole = true;
    for (place, option) in list.iter().enumerate() {
        let id = name(
            &format!("{field}[{place}].option_id"),
            &option.option_id,
            violations,
        );
        let labels = texts(
            &format!("{field}[{place}].labels"),
            &option.labels,
            200,
            violations,
        );
        match id.zip(labels) {
            Some((id, _)) if parsed.iter().any(|known| known.id == id) => {
                violations.add(format!("{field}[{place}].option_id"), "must stand once");
                whole = false;
            }
            Some((id, labels)) => parsed.push(Choice { id, labels }),
            None => whole = false,
        }
    }
    whole.then_some(parsed)
}

fn kind_from(kind: pb::QuestionKind) -> Option<Kind> {
    match kind {
        pb::QuestionKind::Unspecified => None,
        pb::QuestionKind::Csat => Some(Kind::Csat),
        pb::QuestionKind::Nps => Some(Kind::Nps),
        pb::QuestionKind::Ces => Some(Kind::Ces),
        pb::QuestionKind::Single => Some(Kind::Single),
        pb::QuestionKind::Multiple => Some(Kind::Multiple),
        pb::QuestionKind::Scale => Some(Kind::Scale),
        pb::QuestionKind::Matrix => Some(Kind::Matrix),
        pb::QuestionKind::Text => Some(Kind::Text),
    }
}

pub(super) fn to_proto(question: Question) -> pb::Question {
    let Question {
        id,
        kind,
        texts,
        required,
        options,
        rows,
        minimum,
        maximum,
        condition,
    } = question;
    let kind = match kind {
        Kind::Csat => pb::QuestionKind::Csat,
        Kind::Nps => pb::QuestionKind::Nps,
        Kind::Ces => pb::QuestionKind::Ces,
        Kind::Single => pb::QuestionKind::Single,
        Kind::Multiple => pb::QuestionKind::Multiple,
        Kind::Scale => pb::QuestionKind::Scale,
        Kind::Matrix => pb::QuestionKind::Matrix,
        Kind::Text => pb::QuestionKind::Text,
    };
    let option = |Choice { id, labels }| pb::QuestionOption {
        option_id: id,
        labels: texts_to_proto(labels),
    };
    pb::Question {
        question_id: id,
        kind: kind.into(),
        texts: texts_to_proto(texts),
        required,
        options: options.into_iter().map(option).collect(),
        rows: rows.into_iter().map(option).collect(),
        minimum: i32::try_from(minimum).unwrap_or_default(),
        maximum: i32::try_from(maximum).unwrap_or_default(),
        condition,
    }
}
