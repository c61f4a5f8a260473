//! What people talked about, in their own words.

use attune_api::feedback::v1::{ListKeywordsRequest, ListThemesRequest, Slice, Theme};
use attune_api::improvement::v1::Issue;
use attune_rpc::{instant, timestamp};
use chrono::{DateTime, Utc};
use prost_types::Timestamp;

use super::ThemeAccount;
use crate::platform::{Platform, ask};

/// Days that themes are of.
const DAYS: i32 = 4;
/// Themes that are told.
const SHOWN: i32 = 8;
/// Words that are told of an issue.
const KEYWORDS: i32 = 8;

/// The largest themes of the last days.
pub(super) async fn talked_about(
    platform: &Platform,
    until: DateTime<Utc>,
) -> anyhow::Result<Vec<ThemeAccount>> {
    let client = platform.themes();
    let request = ListThemesRequest {
        until: Some(timestamp(until)),
        days: DAYS,
        page_size: SHOWN,
        ..Default::default()
    };
    let listed = ask("ListThemes", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.list_themes(request).await }
    })
    .await?;
    let (start, end) = (listed.start.and_then(instant), listed.end.and_then(instant));
    let account = |theme| theme_account(theme, start, end);
    Ok(listed.themes.into_iter().map(account).collect())
}

fn theme_account(theme: Theme, start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> ThemeAccount {
    ThemeAccount {
        theme_id: theme.theme_id,
        label: theme.label,
        phrases: theme.phrases,
        start,
        end,
        texts: theme.texts,
        texts_before: theme.texts_before,
        growth: theme.growth,
        languages: theme.languages,
        quotes: theme.quotes,
    }
}

/// The words that tell an issue's mentions from everything else that was said then; none for an issue that a person
/// reported.
pub(super) async fn keywords(platform: &Platform, issue: &Issue) -> anyhow::Result<Vec<String>> {
    let Some((start, end)) = window(issue) else {
        return Ok(Vec::new());
    };
    let client = platform.themes();
    let request = ListKeywordsRequest {
        slice: Some(Slice {
            product: issue.product.clone(),
            topic_id: issue.topic_id.clone(),
            ..Default::default()
        }),
        start: Some(start),
        end: Some(end),
        limit: KEYWORDS,
    };
    let listed = ask("ListKeywords", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.list_keywords(request).await }
    })
    .await?;
    Ok(listed
        .keywords
        .into_iter()
        .map(|keyword| keyword.phrase)
        .collect())
}

/// What was looked at when it was found.
fn window(issue: &Issue) -> Option<(Timestamp, Timestamp)> {
    Some((issue.window_start?, issue.opened_at?)).filter(|_| !issue.topic_id.is_empty())
}
