use chrono::TimeDelta;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn schedule(weekday: i8, hour: i8, time_zone: &str) -> DigestSchedule {
    DigestSchedule {
        weekday,
        hour,
        time_zone: TimeZone::get(time_zone).unwrap(),
    }
}

fn subscription() -> DigestSubscription {
    DigestSubscription {
        digest_subscription_id: Uuid::nil(),
        member_id: "grace".to_owned(),
        scope: DigestScope {
            department: String::new(),
            topic_id: String::new(),
            product: String::new(),
        },
        schedule: schedule(1, 8, "Europe/Berlin"),
        digests: 4,
        period_start: at("2026-03-02T07:00:00Z"),
        next_at: at("2026-03-09T07:00:00Z"),
        created_at: at("2026-02-01T07:00:00Z"),
    }
}

fn item(kind: NewsKind, sentence: &str, people: i64) -> DigestItem {
    DigestItem {
        news_id: (people == 0).then(Uuid::now_v7),
        kind,
        issue_id: Uuid::nil(),
        initiative_id: Some(Uuid::nil()),
        iteration: 1,
        people,
        sentence: sentence.to_owned(),
        because: String::new(),
        happened_at: at("2026-03-05T07:00:00Z"),
    }
}

#[test]
fn a_digest_comes_at_the_local_hour_whatever_the_clocks_do() {
    let daily = schedule(0, 8, "Europe/Berlin");
    // Summer time begins on 29 March 2026.
    assert_eq!(
        daily.next_after(at("2026-03-28T06:59:59Z")),
        at("2026-03-28T07:00:00Z")
    );
    assert_eq!(
        daily.next_after(at("2026-03-28T07:00:00Z")),
        at("2026-03-29T06:00:00Z")
    );
    let monday = schedule(1, 8, "America/New_York");
    assert_eq!(
        monday.next_after(at("2026-03-02T13:00:00Z")),
        at("2026-03-09T12:00:00Z")
    );
}

#[test]
fn no_day_is_left_out_and_none_has_two_where_an_hour_is_skipped_or_repeated() {
    for (zone, hour) in [
        ("Europe/Berlin", 2),
        ("America/New_York", 1),
        ("America/New_York", 2),
        ("Australia/Lord_Howe", 2),
        ("UTC", 0),
    ] {
        let daily = schedule(0, hour, zone);
        let mut due = at("2026-01-01T12:00:00Z");
        let mut before = daily.date(due);
        for _ in 0..400 {
            due = daily.next_after(due);
            let day = daily.date(due);
            assert_eq!(before.tomorrow().unwrap(), day, "{zone}");
            before = day;
        }
    }
}

#[test]
fn where_the_hour_is_skipped_the_digest_comes_when_the_clock_goes_on() {
    let daily = schedule(0, 2, "Europe/Berlin");
    // 02:00 does not exist on 29 March 2026: the clock goes from 01:59 to 03:00, which is 01:00 UTC.
    assert_eq!(
        daily.next_after(at("2026-03-28T12:00:00Z")),
        at("2026-03-29T01:00:00Z")
    );
}

#[test]
fn a_letter_counts_what_happened_and_then_names_it() {
    let mut subscription = subscription();
    let items = vec![
        item(
            NewsKind::PeopleTold,
            "1,240 customers were told what \"Rebook\" changed.",
            1240,
        ),
        item(NewsKind::VerdictStated, "\"Rebook\" helped.", 0),
        item(NewsKind::IssueOpened, "\"Late bags\" was reported.", 0),
        item(NewsKind::IssueOpened, "\"Lost bags\" was reported.", 0),
        item(NewsKind::Recognised, "Thanks for \"Rebook\".", 0),
    ];
    let named = HashMap::from([(
        Uuid::nil(),
        ["Ada", "Joan", "Mary"]
            .map(|name| CreditedMember {
                member_id: name.to_lowercase(),
                display_name: name.to_owned(),
            })
            .to_vec(),
    )]);
    let digest = subscription.compose("Grace", items, &named, at("2026-03-09T07:00:00Z"));
    let letter = digest.letter.unwrap();
    assert_eq!(
        letter.subject,
        "What changed for our customers until 9 March: 2 issues were opened, 1 verdict was reached and more"
    );
    assert_eq!(
        letter.body,
        "Dear Grace,\n\n\
         from 2 March 2026 to 9 March 2026, 2 issues were opened, 1 verdict was reached, 1,240 customers were told \
         what changed and 1 idea that worked is thanked for.\n\n\
         New problems\n- \"Late bags\" was reported.\n- \"Lost bags\" was reported.\n\n\
         Did it help?\n- \"Rebook\" helped.\n\n\
         Customers who were told\n- 1,240 customers were told what \"Rebook\" changed.\n\n\
         Thanks\n- Thanks for \"Rebook\". It was the idea of Ada, Joan and Mary.\n\n\
         You get this each Monday at 08:00, because you follow everything.\n"
    );
    assert_eq!(
        (digest.number, digest.period_start, subscription.next_at),
        (5, at("2026-03-02T07:00:00Z"), at("2026-03-16T07:00:00Z"))
    );
}

#[test]
fn of_a_period_in_which_nothing_happened_there_is_no_letter() {
    let mut subscription = subscription();
    let digest = subscription.compose("Grace", Vec::new(), &HashMap::new(), at("2026-03-09T07:00:00Z"));
    assert!(digest.letter.is_none() && digest.items.is_empty());
    assert_eq!(subscription.period_start, at("2026-03-09T07:00:00Z"));
}

#[test]
fn who_was_away_gets_one_letter_about_all_of_it() {
    let mut subscription = subscription();
    let late = at("2026-03-09T07:00:00Z") + TimeDelta::days(20);
    let items = vec![item(NewsKind::IssueOpened, "\"Late bags\" was reported.", 0)];
    let digest = subscription.compose("Grace", items, &HashMap::new(), late);
    assert_eq!(
        (digest.period_start, digest.period_end),
        (at("2026-03-02T07:00:00Z"), late)
    );
    assert_eq!(subscription.next_at, at("2026-03-30T06:00:00Z"));
}

#[test]
fn a_long_part_is_cut_and_the_rest_is_counted() {
    let mut subscription = subscription();
    let items: Vec<_> = (0..30)
        .map(|number| item(NewsKind::IssueOpened, &format!("\"{number}\" was reported."), 0))
        .collect();
    let digest = subscription.compose("Grace", items, &HashMap::new(), at("2026-03-09T07:00:00Z"));
    let body = digest.letter.unwrap().body;
    assert!(
        body.contains("30 issues were opened") && body.contains("- and 5 more"),
        "{body}"
    );
    assert_eq!(digest.items.len(), 30);
}

#[test]
fn a_subscription_says_what_it_follows() {
    let mut scope = subscription().scope;
    assert_eq!(scope.because(), "you follow everything");
    scope.department = "Service".to_owned();
    scope.product = "metro".to_owned();
    assert_eq!(
        scope.because(),
        "you follow the department \"Service\" and the product \"metro\""
    );
    assert_eq!(
        [0, 999, 1000, 1_234_567].map(grouped),
        ["0", "999", "1,000", "1,234,567"]
    );
}
