//! Bad input about traces.

use attune_api::improvement::v1 as pb;
use attune_rpc::Reason;

use super::{ID, wrong};
use crate::convert::trace;

#[test]
fn a_trace_begins_somewhere() {
    use pb::get_trace_request::From;
    let request = |from| pb::GetTraceRequest {
        from,
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(wrong(trace::get(&request(None))), ["from", "page_size"]);
    let x = || "x".to_owned();
    for (from, field) in [
        (From::FeedbackId(x()), "feedback_id"),
        (From::IssueId(x()), "issue_id"),
        (From::InitiativeId(x()), "initiative_id"),
        (From::MessageId(x()), "message_id"),
    ] {
        assert_eq!(wrong(trace::get(&request(Some(from)))), [field, "page_size"]);
    }
}

#[test]
fn a_page_token_of_one_trace_does_not_open_another() {
    use pb::get_trace_request::From;
    let from = |from, page_token: String| pb::GetTraceRequest {
        from: Some(from),
        page_size: 1,
        page_token,
        include_later: false,
    };
    let (_, page) = trace::get(&from(From::IssueId(ID.to_owned()), String::new())).unwrap();
    let mut rows = vec![uuid::Uuid::nil(), uuid::Uuid::max()];
    let token = page.next(&mut rows, |id| *id).unwrap();
    assert!(trace::get(&from(From::IssueId(ID.to_owned()), token.clone())).is_ok());
    let other = trace::get(&from(From::InitiativeId(ID.to_owned()), token)).unwrap_err();
    assert_eq!(other.reason(), Reason::InvalidPageToken);
}
