//! What a rule may say, what it is refused for, and what it costs.
#![allow(clippy::unwrap_used, clippy::panic)] // also in what the tests share

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use attune_rules::{EvaluationError, MOST_ITEMS, Problem, Rule, Schema, Type, Value, Values};
use proptest::prelude::*;

fn schema() -> Schema {
    let answers = [
        ("score", Type::Int),
        ("why", Type::list(Type::String)),
        ("text", Type::String),
        ("rows", Type::map(Type::String)),
    ];
    let answers = answers.map(|(name, of)| (name.to_owned(), of));
    Schema::default()
        .with("answers", Type::Record(answers.into()))
        .with("language", Type::String)
        .with("now", Type::Timestamp)
}

fn values() -> Values {
    let text = |text: &str| Value::String(text.to_owned());
    let answers = BTreeMap::from([
        ("score".to_owned(), Value::Int(2)),
        ("why".to_owned(), Value::List(vec![text("price"), text("queue")])),
        ("text".to_owned(), text("zu spät, 太慢了")),
        (
            "rows".to_owned(),
            Value::Map([("food".to_owned(), text("bad"))].into()),
        ),
    ]);
    let mut values = Values::default();
    values.set("answers", Value::Map(answers)).unwrap();
    values.set("language", text("de")).unwrap();
    values
        .set("now", Value::Timestamp("2026-03-02T08:00:00Z".parse().unwrap()))
        .unwrap();
    values
}

fn holds(source: &str) -> bool {
    Rule::compile(source, &schema())
        .unwrap_or_else(|problems| panic!("{source}: {problems}"))
        .holds(&values())
        .unwrap()
}

fn problems(source: &str) -> Vec<Problem> {
    match Rule::compile(source, &schema()) {
        Ok(_) => panic!("{source} was accepted"),
        Err(problems) => problems.iter().cloned().collect(),
    }
}

#[test]
fn what_conditions_are_written_for_is_understood() {
    for source in [
        "answers.score <= 2",
        "answers.score == 2 && language in ['de', 'fr']",
        "'price' in answers.why && !('staff' in answers.why)",
        "answers.why.exists(reason, reason.startsWith('pr'))",
        "answers.why.all(r, size(r) > 3) || false",
        "size(answers.why.filter(r, r == 'queue')) == 1",
        "answers.why.map(r, r.size())[0] == 5",
        "has(answers.text) && answers.text.matches('(?i)SPÄT|慢')",
        "answers.rows.food == 'bad' && answers.rows['food'] != 'good' && 'food' in answers.rows",
        "answers.rows.exists(row, row == 'food')",
        "(answers.score > 3 ? 'a' : 'b') == 'b'",
        "now - duration('24h') < timestamp('2026-03-02T00:00:00Z')",
        "double(answers.score) / 4.0 < 0.6 && answers.score * 2 % 3 == 1 && -answers.score < 0",
    ] {
        assert!(holds(source), "{source}");
    }
    assert!(!holds("answers.score > 2"));
}

#[test]
fn what_has_no_value_can_be_asked_for_and_not_read() {
    let rule = |source| Rule::compile(source, &schema()).unwrap();
    let mut empty = Values::default();
    empty.set("answers", Value::Map(BTreeMap::new())).unwrap();
    assert_eq!(
        rule("has(answers.score) && answers.score > 2").holds(&empty),
        Ok(false)
    );
    assert_eq!(
        rule("answers.score > 2").holds(&empty),
        Err(EvaluationError::Missing("score".to_owned()))
    );
    assert!(matches!(
        rule("1 / (answers.score - 2) > 0").holds(&values()),
        Err(EvaluationError::Impossible(_))
    ));
}

#[test]
fn a_mistake_is_told_with_its_place() {
    for (source, line, column, part) in [
        (
            "answers.scor > 2",
            1,
            8,
            "no field 'scor', only rows, score, text, why",
        ),
        (
            "answers.score > 2 &&\n  anwers.score < 1",
            2,
            3,
            "no variable 'anwers'",
        ),
        ("'spät' == language && answers.scor > 2", 1, 30, "no field 'scor'"),
        ("answers.score > 'two'", 1, 15, "no > for int, string"),
        (
            "answers.score + 1",
            1,
            15,
            "must be true or false, not of type int",
        ),
        ("answers.score >", 1, 16, ""),
        ("nothing(answers.score)", 1, 8, "no nothing"),
        ("answers.text.matches(language)", 1, 22, "written out"),
        ("has(language)", 1, 5, "takes a field"),
    ] {
        let found = problems(source);
        let first = found.first().unwrap();
        assert!(first.message.contains(part), "{source}: {first}");
        assert_eq!((first.line, first.column), (line, column), "{source}: {first}");
    }
    assert_eq!(
        problems("answers.a == 1 || answers.b == 1").len(),
        2,
        "all at once"
    );
}

#[test]
fn a_rule_written_to_burn_time_or_memory_is_refused() {
    let nodes = "true && ".repeat(120) + "true";
    let long = format!("language == '{}'", "x".repeat(2100));
    let loops = "answers.why.all(a, a != '') && ".repeat(3) + "true";
    let patterns = "answers.text.matches('a') && ".repeat(5) + "true";
    for source in [
        "answers.why.all(a, answers.why.all(b, a != b))",
        "answers.why.map(a, answers.why.map(b, b)).size() > 0",
        "answers.why.map(a, a).filter(b, b != '').size() > 0",
        "answers.why.filter(a, a != '').map(b, b).size() > 0",
        "answers.why.exists(a, a.matches('x'))",
        "answers.text.matches('(a{500}){500}')",
        "answers.text + answers.text == ''",
        "['a'] + answers.why == []",
        "{'a': 1}.size() > 0",
        "[[1], [2]].size() > 0",
        "b'abc' == b'abc'",
        "1u == 1u",
        "null == null",
        "answers == answers",
        "answers.why == answers.why",
        "dyn(answers.score) == 2",
        "string(answers.score) == '2'",
        "type(answers.score) == int",
        "answers.?score.orValue(1) == 1",
        "answers.why.all(answers, answers != '')",
        "",
        "   ",
        nodes.as_str(),
        long.as_str(),
        loops.as_str(),
        patterns.as_str(),
    ] {
        assert!(
            Rule::compile(source, &schema()).is_err(),
            "{source:.60} was accepted"
        );
    }
}

#[test]
fn the_dearest_rule_that_is_accepted_is_cheap() {
    let mut values = values();
    let many = vec![Value::String("x".repeat(100)); MOST_ITEMS];
    let answers = BTreeMap::from([("why".to_owned(), Value::List(many))]);
    values.set("answers", Value::Map(answers)).unwrap();
    let body = "r.contains('y') || ".repeat(22) + "r != ''";
    let source = format!("answers.why.all(r, {body}) && answers.why.all(r, {body})");
    let rule = Rule::compile(&source, &schema()).unwrap();
    let start = Instant::now();
    assert_eq!(rule.holds(&values), Ok(true));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn what_is_larger_than_a_rule_may_see_is_refused_whole() {
    let mut values = Values::default();
    let list = Value::List(vec![Value::Bool(true); MOST_ITEMS + 1]);
    assert!(values.set("list", list).is_err());
    assert!(values.set("text", Value::String("x".repeat(80_001))).is_err());
}

/// Expressions that mean something more often than random text does.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("answers.score".to_owned()),
        Just("answers.why".to_owned()),
        Just("answers.rows".to_owned()),
        Just("answers.text".to_owned()),
        Just("language".to_owned()),
        Just("nobody".to_owned()),
        Just("r".to_owned()),
        "[0-9]{1,3}",
        "'[a-zé太\\\\\"]{0,4}'",
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(6, 60, 3, |inner| {
        let operator = prop_oneof![
            Just("&&"),
            Just("||"),
            Just("=="),
            Just("!="),
            Just("<"),
            Just("in"),
            Just("+"),
            Just("-"),
            Just("/"),
            Just("%"),
        ];
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), "[a-z]{1,9}", inner.clone()).prop_map(|(a, f, b)| format!("{a}.{f}({b})")),
            (
                inner.clone(),
                prop_oneof![Just("all"), Just("map"), Just("filter"), Just("exists")],
                inner.clone()
            )
                .prop_map(|(a, f, b)| format!("{a}.{f}(r, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            inner.clone().prop_map(|a| format!("has({a})")),
            inner.clone().prop_map(|a| format!("size({a})")),
            inner.clone().prop_map(|a| format!("!{a}")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is accepted gives an answer or says that a value is missing or a computation impossible, and never
    /// meets a type or a name that the check had not seen.
    #[test]
    fn an_accepted_rule_never_fails_for_its_types(source in expression()) {
        if let Ok(rule) = Rule::compile(&source, &schema()) {
            match rule.holds(&values()) {
                Ok(_) | Err(EvaluationError::Missing(_)) => {}
                Err(EvaluationError::Impossible(why)) => {
                    prop_assert!(!why.contains("declared type"), "{source}: {why}");
                }
            }
        }
    }

    #[test]
    fn any_text_is_accepted_or_refused_with_a_place(source in "\\PC{0,80}") {
        if let Err(problems) = Rule::compile(&source, &schema()) {
            let first = problems.iter().next().unwrap();
            prop_assert!(first.line >= 1 && first.column >= 1);
        }
    }

    #[test]
    fn any_bytes_of_an_expression_are_survived(parts in prop::collection::vec(prop_oneof![
        Just("("), Just(")"), Just("["), Just("]"), Just("{"), Just("}"), Just("."), Just("'"), Just("\\"), Just("?"),
        Just("a"), Just("1"), Just("&&"), Just("in"), Just("\n"), Just("\0"), Just("`"), Just("r'"), Just("太"), Just("0x"),
    ], 0..60)) {
        let _ = Rule::compile(&parts.concat(), &schema());
    }
}
