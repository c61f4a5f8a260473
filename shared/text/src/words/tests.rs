use super::*;

fn read(text: &str) -> Vec<(&str, Role)> {
    Words::read(text)
        .words
        .iter()
        .map(|word| (&text[word.start..word.end], word.role))
        .collect()
}

fn content(text: &str) -> Vec<&str> {
    let words = read(text).into_iter();
    words
        .filter(|&(_, role)| role == Role::Content)
        .map(|(word, _)| word)
        .collect()
}

#[test]
fn what_is_spoken_of_remains() {
    assert_eq!(
        content("I'm waiting for my luggage on flight 1234 since yesterday"),
        ["waiting", "luggage", "flight"]
    );
    assert_eq!(
        content("У меня не работает приложение банка"),
        ["работает", "приложение", "банка"]
    );
    assert_eq!(content("我的航班被取消了"), ["航班", "取消"]);
}

#[test]
fn personal_data_mentions_and_addresses_are_no_words() {
    assert_eq!(
        content("@united http://t.co/x call 13800138000 refund jane@x.org"),
        ["refund"]
    );
}

#[test]
fn forms_of_a_word_share_a_stem() {
    let stem = |text: &str| Words::read(text).words[0].stem;
    assert_eq!(stem("Cancelled"), stem("cancel"));
    assert_eq!(stem("карты"), stem("картой"));
    assert_eq!(stem("態度"), stem("态度"));
}

#[test]
fn words_know_whether_only_space_parts_them() {
    let joined: Vec<bool> = Words::read("customer service, phone")
        .words
        .iter()
        .map(|word| word.joined)
        .collect();
    assert_eq!(joined, [false, true, false]);
}

#[test]
fn hashtags_come_apart_at_their_capitals() {
    assert_eq!(content("#CancelledFlight"), ["Cancelled", "Flight"]);
}
