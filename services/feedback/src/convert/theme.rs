//! Themes, and words that tell some feedback from the rest.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use attune_text::DistinctivePhrase;
use chrono::TimeDelta;

use super::slice::{Sliced, parse_slice};
use crate::commands::keyword::{self, Keywords};
use crate::commands::theme::{Promote, Question, Themes};
use crate::domain::{Period, Theme, ThemeInPeriod, Window};
use crate::store::theme::Place;

/// Days of a period where none are given.
const USUAL_DAYS: i32 = 7;
/// Words where no number is given, and at most.
const USUAL_WORDS: i32 = 20;
const MOST_WORDS: i32 = 100;

pub(crate) fn list(request: &pb::ListThemesRequest) -> Result<(Question, Page<Place>), Error> {
    let mut violations = Violations::default();
    let pb::ListThemesRequest {
        until,
        days,
        page_size,
        page_token,
    } = request;
    let until_parsed = violations.optional_instant("until", *until);
    let days = within("days", *days, USUAL_DAYS, Period::LONGEST, &mut violations);
    let question = || {
        Some(Question {
            until: until_parsed?,
            days: days?,
        })
    };
    let question = question();
    let arguments = (until.map(|until| (until.seconds, until.nanos)), days);
    // A token of other arguments is refused after the arguments themselves, which may be what is wrong.
    let page = Page::parse(*page_size, page_token, &arguments, &mut violations);
    let question = violations.finish(question)?;
    Ok((question, page?))
}

fn within(field: &str, number: i32, usual: i32, most: i32, violations: &mut Violations) -> Option<i32> {
    match number {
        0 => Some(usual),
        number if (1..=most).contains(&number) => Some(number),
        _ => {
            violations.add(field, format!("must be between 1 and {most}, or 0 for {usual}"));
            None
        }
    }
}

pub(crate) fn promote(request: &pb::PromoteThemeRequest) -> Result<Promote, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("PromoteTheme", &request.request_id, request, &mut violations);
    let theme_id = violations.id("theme_id", &request.theme_id);
    let topic_id = violations.slug("topic_id", &request.topic_id, 64);
    let name = violations.text("name", &request.name, 0..=100);
    let promote = || {
        Some(Promote {
            theme_id: theme_id?,
            topic_id: topic_id?,
            name: name.map(|name| Some(name).filter(|name| !name.is_empty()))?,
            key: key?,
        })
    };
    violations.finish(promote())
}

pub(crate) fn keywords(request: &pb::ListKeywordsRequest) -> Result<keyword::Question, Error> {
    let mut violations = Violations::default();
    let slice = parse_slice(request.slice.as_ref(), Sliced::Texts, &mut violations);
    let start = violations.instant("start", request.start);
    let end = violations.instant("end", request.end);
    let limit = within("limit", request.limit, USUAL_WORDS, MOST_WORDS, &mut violations);
    let window = start.zip(end).map(|(start, end)| Window { start, end });
    if let Some(Window { start, end }) = window {
        if start >= end {
            violations.add("end", "must be after start");
        } else if end - start > TimeDelta::days(Period::LONGEST.into()) {
            violations.add(
                "end",
                format!("must be at most {} days after start", Period::LONGEST),
            );
        }
    }
    let question = || {
        Some(keyword::Question {
            slice: slice?,
            window: window?,
            limit: usize::try_from(limit?).unwrap_or_default(),
        })
    };
    violations.finish(question())
}

pub(crate) fn themes_to_proto((themes, period, next_page_token): Themes) -> pb::ListThemesResponse {
    pb::ListThemesResponse {
        themes: themes.into_iter().map(theme_to_proto).collect(),
        next_page_token,
        start: Some(timestamp(period.start)),
        end: Some(timestamp(period.end)),
    }
}

fn theme_to_proto(found: ThemeInPeriod) -> pb::Theme {
    let growth = found.growth();
    let ThemeInPeriod {
        theme,
        texts,
        texts_before,
    } = found;
    let Theme {
        theme_id,
        number: _,
        label,
        phrases,
        languages,
        quotes,
        texts: texts_ever,
        first_said_at,
        last_said_at,
        topic_id,
    } = theme;
    pb::Theme {
        theme_id: theme_id.to_string(),
        phrases,
        label,
        texts,
        texts_before,
        growth,
        texts_ever,
        languages,
        quotes,
        first_said_at: Some(timestamp(first_said_at)),
        last_said_at: Some(timestamp(last_said_at)),
        topic_id: topic_id.unwrap_or_default(),
    }
}

pub(crate) fn keywords_to_proto(keywords: Keywords) -> pb::ListKeywordsResponse {
    let count = |texts: u64| i64::try_from(texts).unwrap_or(i64::MAX);
    let keyword = |phrase: DistinctivePhrase| pb::Keyword {
        phrase: phrase.phrase,
        texts: phrase.texts.into(),
        background_texts: phrase.background_texts.into(),
        z_score: phrase.score,
    };
    pb::ListKeywordsResponse {
        keywords: keywords.phrases.into_iter().map(keyword).collect(),
        texts: count(keywords.texts),
        background_texts: count(keywords.background_texts),
    }
}
