use super::*;

fn found(text: &str, most: usize) -> Vec<String> {
    keywords(text, most)
        .into_iter()
        .map(|keyword| keyword.phrase)
        .collect()
}

#[test]
fn phrases_say_what_a_text_is_about() {
    assert_eq!(
        found(
            "The customer service was rude and my checked baggage never arrived.",
            3
        ),
        ["checked baggage", "rude", "customer service"]
    );
    assert!(
        found("Банкомат съел карту, мобильное приложение не работает", 4)
            .contains(&"мобильное приложение".to_owned())
    );
    assert!(
        found("航班取消，行李丢失，客服电话打不通", 5)
            .iter()
            .any(|phrase| phrase.contains("航班"))
    );
}
