use super::*;

fn found(text: &str, most: usize) -> Vec<String> {
    keywords(text, most)
        .into_iter()
        .map(|keyword| keyword.phrase)
        .collect()
}

#[test]
fn phrases_say_what_a_text_is_about() {
    let telling = found(
        "The customer service was rude and my checked baggage never arrived.",
        3,
    );
    assert_eq!(telling[0], "checked baggage");
    assert!(telling.contains(&"customer service".to_owned()), "{telling:?}");
    assert_eq!(
        found("Банкомат съел карту, мобильное приложение не работает", 2),
        ["банкомат съел карту", "мобильное приложение"]
    );
    assert!(
        found("航班取消，行李丢失，客服电话打不通", 5)
            .iter()
            .any(|phrase| phrase.contains("航班"))
    );
}
