//! Whatever is sent as a token, only one that was signed is believed, and nothing else but the caller is to blame.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use support::{Platform, claims, dev, reader};
use tokio::runtime::Runtime;
use tonic::Code;

/// Longer where `FAULT_ROUNDS` asks for it.
fn cases() -> u32 {
    let rounds = std::env::var("FAULT_ROUNDS").ok();
    300 * rounds.and_then(|rounds| rounds.parse::<u32>().ok()).unwrap_or(1)
}

fn is_refused(platform: &Platform, token: &str) -> Result<(), TestCaseError> {
    let refused = Runtime::new()?.block_on(platform.read_with(token)).unwrap_err();
    prop_assert_eq!(refused.code(), Code::Unauthenticated, "{:?}", refused);
    Ok(())
}

/// A part of a token as attackers write it: JSON, or what looks like base64.
fn part() -> impl Strategy<Value = String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = prop::sample::select(&["none", "None", "HS256", "EdDSA", "ES256", "RS256", ""][..])
        .prop_map(|alg| format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"a"}}"#));
    let body = prop_oneof![
        Just(claims("attune-dev").to_string()),
        "[{}\\[\\]\",:a-z0-9]{0,40}",
        header,
    ];
    prop_oneof![
        body.prop_map(|text| URL_SAFE_NO_PAD.encode(text)),
        "[A-Za-z0-9_=-]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(proptest::test_runner::FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn parts_of_tokens_make_no_token(parts in vec(part(), 0..5)) {
        let (platform, _) = dev();
        is_refused(&platform, &parts.join("."))?;
    }

    #[test]
    fn a_token_of_which_anything_was_changed_is_refused(
        at in any::<prop::sample::Index>(),
        with in "[A-Za-z0-9_.=-]{0,3}",
    ) {
        let (platform, issuer) = dev();
        let signed = issuer.token(&reader()).unwrap();
        let place = at.index(signed.len());
        let mut changed = signed.clone();
        changed.replace_range(place..=place, &with);
        prop_assume!(changed != signed);
        is_refused(&platform, &changed)?;
    }
}
