//! How themes grow by some texts. Computes and touches nothing.

use std::collections::{BTreeMap, BTreeSet};

use attune_text::{Engine, Themes, ThemesError};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Learnt, QuoteDigest, Theme, day_of, digest, without_placeholders};

/// The most languages, phrases and quotes of a theme that are kept.
const LANGUAGES: usize = 5;
const PHRASES: usize = 10;
const QUOTES: usize = 3;
/// Phrases of a theme that nothing tells from the others.
const FALLBACK_PHRASES: usize = 3;
const FALLBACK_LENGTH: usize = 60;

/// What some texts did to the tenant's themes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Growth {
    /// What the engine has learnt by then.
    pub(crate) learnt: Learnt,
    /// The themes that changed, as they are now; said first and last is of these texts alone.
    pub(crate) changed: Vec<Theme>,
    /// The texts by day and theme.
    pub(crate) counts: BTreeMap<(DateTime<Utc>, i64), i64>,
    /// Themes that became part of others: which, and of which.
    pub(crate) merged: Vec<(i64, i64)>,
    /// Themes that are not kept any more, those that became part of others included.
    pub(crate) gone: Vec<i64>,
    /// Whether what was kept could not be read: then the numbers of `gone` are given to new themes.
    pub(crate) anew: bool,
}

/// Puts texts into themes, in their order, which show no quote that is `forgotten` any more. Where the state cannot be read (an upgrade writes it otherwise), themes
/// begin anew and `known` ones are gone.
pub(crate) fn grow(
    learnt: Option<&Learnt>,
    known: &BTreeMap<i64, i64>,
    texts: &[(DateTime<Utc>, String)],
    forgotten: &BTreeSet<QuoteDigest>,
) -> Growth {
    let (mut themes, readable) = match learnt.map(read) {
        None => (Themes::default(), true),
        Some(Ok(themes)) => (themes, true),
        Some(Err(error)) => {
            begin_anew(&error);
            (Themes::default(), false)
        }
    };
    let assigned: Vec<(DateTime<Utc>, u64)> = texts
        .iter()
        .filter_map(|(at, text)| Some((*at, themes.add(text)?.theme_id)))
        .collect();
    if !forgotten.is_empty() {
        themes.forget_quotes(|quote| forgotten.contains(&digest(quote)));
    }
    let mut spans = BTreeMap::<u64, Span>::new();
    let mut counts = BTreeMap::new();
    for (at, theme) in assigned {
        // Later texts may have shown it to be part of another one, or made it forgotten.
        let Some(theme) = themes.resolve(theme) else {
            continue;
        };
        *counts.entry((day_of(at), number(theme))).or_default() += 1;
        spans.entry(theme).or_insert_with(|| Span::at(at)).add(at);
    }
    let (merged, gone) = fate(&themes, known, readable);
    let changed = spans
        .into_iter()
        .filter_map(|(id, span)| {
            let before = known.get(&number(id)).filter(|_| readable);
            let before = before.copied().unwrap_or_default();
            if before + span.texts < Theme::FEWEST_TEXTS {
                Some(small(id, before, span))
            } else {
                theme(&themes, id, span)
            }
        })
        .collect();
    tracing::debug!(
        texts = texts.len(),
        themes = themes.len(),
        merged = merged.len(),
        "themes grew"
    );
    Growth {
        learnt: Learnt {
            state: themes.save(),
            meanings: Some(themes.save_meanings()),
        },
        changed,
        counts,
        merged,
        gone,
        anew: !readable,
    }
}

fn read(learnt: &Learnt) -> Result<Themes, ThemesError> {
    let mut themes = Themes::load(&learnt.state)?;
    if let Some(meanings) = &learnt.meanings
        && let Err(error) = themes.load_meanings(meanings)
    {
        tracing::warn!(%error, "what the themes' texts mean cannot be read and is learnt from the next ones");
    }
    Ok(themes)
}

fn begin_anew(error: &ThemesError) {
    tracing::warn!(%error, "the kept themes cannot be read and begin anew");
}

/// Which of the known themes became part of others, and which are no more.
fn fate(themes: &Themes, known: &BTreeMap<i64, i64>, readable: bool) -> (Vec<(i64, i64)>, Vec<i64>) {
    let (mut merged, mut gone) = (Vec::new(), Vec::new());
    for &kept in known.keys() {
        let now = themes
            .resolve(kept.cast_unsigned())
            .filter(|_| readable)
            .map(number);
        if now == Some(kept) {
            continue;
        }
        merged.extend(now.map(|into| (kept, into)));
        gone.push(kept);
    }
    (merged, gone)
}

/// When some texts of a theme were said.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    texts: i64,
}

impl Span {
    fn at(instant: DateTime<Utc>) -> Self {
        Self {
            first: instant,
            last: instant,
            texts: 0,
        }
    }

    fn add(&mut self, instant: DateTime<Utc>) {
        self.first = self.first.min(instant);
        self.last = self.last.max(instant);
        self.texts += 1;
    }
}

/// A theme that is not shown yet. Most are: naming them all would take most of the time.
fn small(id: u64, before: i64, span: Span) -> Theme {
    Theme {
        theme_id: Uuid::now_v7(),
        number: number(id),
        label: String::new(),
        phrases: Vec::new(),
        languages: Vec::new(),
        quotes: Vec::new(),
        texts: before + span.texts,
        first_said_at: span.first,
        last_said_at: span.last,
        topic_id: None,
    }
}

fn theme(themes: &Themes, id: u64, span: Span) -> Option<Theme> {
    let attune_text::Theme {
        id,
        label,
        mut phrases,
        texts,
        distinct_texts: _,
        languages,
        mut representatives,
    } = themes.theme(id)?;
    phrases.truncate(PHRASES);
    representatives.truncate(QUOTES);
    // Where most texts are of one theme, nothing tells it from the others: then it is named after itself.
    if phrases.is_empty() {
        phrases = said_in(&representatives);
    }
    let label = if label.is_empty() {
        phrases.join(", ")
    } else {
        label
    };
    let languages = languages.into_iter().take(LANGUAGES);
    Some(Theme {
        theme_id: Uuid::now_v7(),
        number: number(id),
        label,
        phrases,
        languages: languages
            .map(|(language, _)| language.as_str().to_owned())
            .collect(),
        quotes: representatives,
        texts: i64::try_from(texts).unwrap_or(i64::MAX),
        first_said_at: span.first,
        last_said_at: span.last,
        topic_id: None,
    })
}

/// The most telling phrases of a theme's most typical text; its beginning where it has none.
fn said_in(representatives: &[String]) -> Vec<String> {
    let Some(typical) = representatives.first() else {
        return Vec::new();
    };
    let typical = without_placeholders(typical);
    let keywords = Engine::builtin().keywords(&typical, FALLBACK_PHRASES);
    if keywords.is_empty() {
        return vec![typical.chars().take(FALLBACK_LENGTH).collect()];
    }
    keywords.into_iter().map(|keyword| keyword.phrase).collect()
}

/// The engine counts its themes from 1.
fn number(theme: u64) -> i64 {
    theme.cast_signed()
}
