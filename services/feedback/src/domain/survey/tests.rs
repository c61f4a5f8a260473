use proptest::prelude::*;

use super::logic::condition;
use super::*;

fn texts(text: &str) -> Texts {
    Texts(vec![("en".to_owned(), text.to_owned())])
}

fn question(id: &str, kind: Kind, condition: &str) -> Question {
    let choice = |id: &str| Choice {
        id: id.to_owned(),
        labels: texts(id),
    };
    Question {
        id: id.to_owned(),
        kind,
        texts: texts(id),
        required: false,
        options: vec![choice("price"), choice("queue")],
        rows: vec![choice("food"), choice("room")],
        minimum: 1,
        maximum: 3,
        condition: condition.to_owned(),
    }
}

/// A score; why, when it is bad; the worst of the reasons, when there are several; a text.
fn definition() -> Definition {
    let mut score = question("score", Kind::Csat, "");
    score.required = true;
    let mut why = question("why", Kind::Multiple, "answers.score <= 2");
    why.required = true;
    let worst = question("worst", Kind::Single, "has(answers.why) && size(answers.why) > 1");
    Definition {
        titles: texts("How was it?"),
        questions: vec![
            score,
            question("again", Kind::Nps, ""),
            why,
            worst,
            question("text", Kind::Text, ""),
        ],
        triggers: Vec::new(),
        eligibility: Eligibility {
            cool_down_days: 0,
            contact_budget: 0,
            sampling_share: 1.0,
            daily_quota: 0,
        },
        template_id: Uuid::nil(),
        expiry_hours: 24,
        reminder_hours: vec![6, 12],
    }
}

fn answers(list: &[(&str, Answer)]) -> Answers {
    list.iter()
        .map(|(id, answer)| ((*id).to_owned(), answer.clone()))
        .collect()
}

fn options(ids: &[&str]) -> Answer {
    Answer::Options(ids.iter().map(|id| (*id).to_owned()).collect())
}

#[test]
fn a_question_is_asked_when_its_condition_holds_for_the_answers_before_it() {
    let definition = definition();
    let asked = |given: &[(&str, Answer)]| definition.asked(&answers(given), "en");
    assert_eq!(asked(&[]), [0, 1, 4], "what a condition reads is not there");
    assert_eq!(asked(&[("score", Answer::Score(5))]), [0, 1, 4]);
    assert_eq!(asked(&[("score", Answer::Score(2))]), [0, 1, 2, 4]);
    let both = ("why", options(&["price", "queue"]));
    assert_eq!(
        asked(&[("score", Answer::Score(2)), both.clone()]),
        [0, 1, 2, 3, 4]
    );
    assert_eq!(
        asked(&[("score", Answer::Score(5)), both]),
        [0, 1, 4],
        "an answer that is no longer asked for leads nowhere"
    );
}

#[test]
fn a_page_ends_where_a_condition_has_to_wait_for_its_answers() {
    let definition = definition();
    let page = |given: &[(&str, Answer)], from| definition.page(&answers(given), "en", from);
    assert_eq!(page(&[], 0), [0, 1]);
    let bad = [("score", Answer::Score(1))];
    assert_eq!(page(&bad, 2), [2], "the next question's condition reads this one");
    assert_eq!(page(&[("score", Answer::Score(4))], 2), [4]);
    assert_eq!(page(&bad, 5), Vec::<usize>::new());
    assert_eq!(definition.next_open(&answers(&bad), "en"), Some(1));
}

#[test]
fn only_what_is_asked_can_be_missing() {
    let definition = definition();
    let missing = |given: &[(&str, Answer)]| {
        let answers = answers(given);
        let missing = definition.missing(&answers, "en");
        missing
            .iter()
            .map(|question| question.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(missing(&[]), ["score"]);
    assert_eq!(missing(&[("score", Answer::Score(5))]), Vec::<String>::new());
    assert_eq!(
        missing(&[("score", Answer::Score(1)), ("why", options(&[]))]),
        ["why"]
    );
}

#[test]
fn scores_and_texts_of_asked_questions_become_feedback() {
    let definition = definition();
    let given = answers(&[
        ("score", Answer::Score(2)),
        ("again", Answer::Score(0)),
        ("why", options(&["queue"])),
        ("text", Answer::Text(" too slow ".to_owned())),
    ]);
    let outcome = definition.outcome(&given, "en");
    let scores: Vec<_> = outcome
        .ratings
        .iter()
        .map(|(id, rating)| (id.as_str(), rating.score()))
        .collect();
    assert_eq!(scores, [("score", 2), ("again", 0)]);
    assert_eq!(outcome.text, "too slow");
}

#[test]
fn an_answer_fits_its_question_or_is_refused() {
    let row = |row: &str, option: &str| Answer::Rows([(row.to_owned(), option.to_owned())].into());
    let cases = [
        (Kind::Csat, Answer::Score(5), true),
        (Kind::Csat, Answer::Score(0), false),
        (Kind::Nps, Answer::Score(0), true),
        (Kind::Nps, Answer::Score(11), false),
        (Kind::Scale, Answer::Score(3), true),
        (Kind::Scale, Answer::Score(4), false),
        (Kind::Single, Answer::Option("price".to_owned()), true),
        (Kind::Single, Answer::Option("luck".to_owned()), false),
        (Kind::Multiple, options(&["queue", "price"]), true),
        (Kind::Multiple, options(&["queue", "queue"]), false),
        (Kind::Matrix, row("food", "price"), true),
        (Kind::Matrix, row("sea", "price"), false),
        (Kind::Matrix, row("food", "luck"), false),
        (Kind::Text, Answer::Text("x".repeat(5000)), true),
        (Kind::Text, Answer::Text("x".repeat(5001)), false),
        (Kind::Text, Answer::Score(1), false),
    ];
    for (kind, answer, fits) in cases {
        assert_eq!(
            question("q", kind, "").takes(&answer).is_ok(),
            fits,
            "{kind:?} {answer:?}"
        );
    }
}

#[test]
fn a_condition_reads_only_what_was_asked_before_it() {
    let questions = definition().questions;
    assert!(condition(&questions, 2).unwrap().is_some());
    let mut later = questions.clone();
    later[1].condition = "answers.text != ''".to_owned();
    assert!(
        condition(&later, 1)
            .unwrap_err()
            .to_string()
            .contains("no field 'text'")
    );
}

#[test]
fn the_last_answer_to_a_question_stands_and_can_be_taken_back() {
    let given = |id: &str, answer| Given::from([(id.to_owned(), answer)]);
    let merged = merge([
        given("score", Some(Answer::Score(1))),
        given("text", Some(Answer::Text("no".to_owned()))),
        given("score", Some(Answer::Score(5))),
        given("text", None),
    ]);
    assert_eq!(merged, answers(&[("score", Answer::Score(5))]));
}

proptest! {
    /// Going from page to page, every asked question is met once, in its order, whatever is answered.
    #[test]
    fn the_pages_are_the_questions(score in 1..=5_i64, reasons in 0..=2_usize) {
        let definition = definition();
        let why = options(&["price", "queue"][..reasons]);
        let all = answers(&[("score", Answer::Score(score)), ("why", why)]);
        let (mut met, mut from) = (Vec::new(), 0);
        loop {
            // What is not yet met is not yet answered.
            let known: Answers = all.iter()
                .filter(|(id, _)| definition.questions.iter().position(|q| q.id == **id).is_some_and(|at| at < from))
                .map(|(id, answer)| (id.clone(), answer.clone()))
                .collect();
            let page = definition.page(&known, "en", from);
            let Some(last) = page.last() else { break };
            from = last + 1;
            met.extend(page);
        }
        prop_assert_eq!(met, definition.asked(&all, "en"));
    }
}
