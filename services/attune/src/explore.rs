//! What a person can try once the demo is over.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::account::Account;

/// Three calls, ready to be pasted.
pub(crate) fn calls(account: &Account, address: SocketAddr, token: &str) -> String {
    let call = |data: Option<(&str, &str)>, method: &str| {
        let data = data.map_or_else(String::new, |(field, id)| {
            format!(" -d '{{\"{field}\": \"{id}\"}}'")
        });
        format!("grpcurl -plaintext -H \"authorization: Bearer {token}\"{data} {address} attune.{method}")
    };
    let hot_issue = account
        .issues
        .first()
        .map(|issue| ("hot_issue_id", issue.hot_issue_id.as_str()));
    let complaint = account
        .traces
        .first()
        .map(|trace| ("feedback_id", trace.from_feedback.as_str()));
    let mut text = String::new();
    for (what, line) in [
        (
            "every issue",
            call(None, "improvement.v1.IssueService/ListIssues"),
        ),
        match hot_issue {
            Some(_) => (
                "why the first one was opened",
                call(hot_issue, "feedback.v1.HotIssueService/ExplainHotIssue"),
            ),
            None => (
                "what was said",
                call(None, "feedback.v1.FeedbackService/ListFeedback"),
            ),
        },
        match complaint {
            Some(_) => (
                "what came of one complaint",
                call(complaint, "improvement.v1.TraceService/GetTrace"),
            ),
            None => (
                "what was noticed",
                call(None, "feedback.v1.HotIssueService/ListDetectionNotices"),
            ),
        },
    ] {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "# {what}\n{line}");
    }
    text
}
