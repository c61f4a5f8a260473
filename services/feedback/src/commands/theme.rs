//! Themes: putting texts into them, reading them, making topics of them.

use std::collections::{BTreeMap, BTreeSet};

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use attune_text::TopicDefinition;
use attune_timers::Leased;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::topic;
use crate::analysis::{Growth, check_topic, grow};
use crate::domain::{
    Grain, Period, QuoteDigest, THEME_CHARACTERS, Theme, ThemeInPeriod, Topic, day_of, without_placeholders,
};
use crate::error::Error;
use crate::store::theme::{Place, Waiting};
use crate::{store, timers};

/// Texts of one step.
const BATCH: usize = 2000;
/// Forgotten quotes of one step.
const MOST_FORGOTTEN: i64 = 1000;
/// Days whose counts are kept: the longest period and the one before it, and some.
const KEPT_DAYS: i64 = 800;
/// The most characters of an example of a topic.
const LONGEST_EXAMPLE: usize = 1000;
/// The most characters of a topic's name.
const LONGEST_NAME: usize = 100;

/// Puts texts that wait into the tenant's themes and sets the next step: at once where more wait, else when the next
/// hour is full. The engine works outside of any transaction; what comes of it is kept only while the lease holds.
pub(crate) async fn gather(db: &Database, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
    let mut tx = db.read(tenant).await?;
    let longest = i32::try_from(THEME_CHARACTERS).unwrap_or(i32::MAX);
    let waiting = store::theme::waiting(&mut tx, count(BATCH), longest).await?;
    let forgotten = store::quote::noted(&mut tx, MOST_FORGOTTEN).await?;
    let (learnt, known) = if waiting.is_empty() && forgotten.is_empty() {
        (None, BTreeMap::new())
    } else {
        (
            store::theme::learnt(&mut tx).await?,
            store::theme::numbers(&mut tx).await?,
        )
    };
    tx.commit().await?;
    let ids: Vec<Uuid> = waiting.iter().map(|waiting| waiting.feedback_id).collect();
    let texts: Vec<(DateTime<Utc>, String)> = waiting.into_iter().filter_map(said).collect();
    let growth = if texts.is_empty() && (forgotten.is_empty() || learnt.is_none()) {
        None
    } else {
        let forgotten: BTreeSet<QuoteDigest> = forgotten.iter().copied().collect();
        let work = move || grow(learnt.as_ref(), &known, &texts, &forgotten);
        Some(tokio::task::spawn_blocking(work).await?)
    };
    let mut tx = db.system(tenant).await?;
    leased.finish(&mut tx).await?;
    if let Some(growth) = growth {
        keep(&mut tx, growth).await?;
    }
    // Once more: a hot issue or a theme may have been made of what was read before it was removed.
    store::quote::forget(&mut tx, &forgotten).await?;
    store::quote::strike(&mut tx, &forgotten).await?;
    store::theme::waited(&mut tx, &ids).await?;
    let now = tx.now();
    let next = if ids.len() < BATCH {
        Grain::Hour.start_of(now) + Grain::Hour.width()
    } else {
        now
    };
    timers::themes::schedule(&mut tx, next).await?;
    tx.commit().await?;
    Ok(())
}

fn said(waiting: Waiting) -> Option<(DateTime<Utc>, String)> {
    waiting.occurred_at.zip(waiting.text)
}

async fn keep(tx: &mut Tx, growth: Growth) -> Result<(), sqlx::Error> {
    let Growth {
        learnt,
        changed,
        counts,
        merged,
        gone,
        anew,
    } = growth;
    store::theme::save(tx, &learnt).await?;
    if anew {
        store::theme::forget(tx, &gone).await?;
    }
    for theme in &changed {
        store::theme::put(tx, theme).await?;
    }
    for (from, into) in merged {
        store::theme::merge(tx, from, into).await?;
    }
    if !anew && !gone.is_empty() {
        store::theme::forget(tx, &gone).await?;
    }
    store::theme::add_counts(tx, &counts).await?;
    let oldest = day_of(tx.now()) - TimeDelta::days(KEPT_DAYS);
    store::theme::forget_before(tx, oldest).await
}

/// Which themes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// None for the end of today.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) days: i32,
}

/// A page of themes, the period they are of, and the token of the next page.
pub(crate) type Themes = (Vec<ThemeInPeriod>, Period, String);

/// Reads a page of themes of a period, the largest first.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    question: Question,
    page: &Page<Place>,
) -> Result<Themes, Error> {
    let mut tx = db.read(tenant).await?;
    let end = Grain::Day.ceiling_of(question.until.unwrap_or(tx.now()));
    let period = Period::until(end, question.days);
    let mut themes = store::theme::page(&mut tx, period, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut themes, |theme| Place {
        texts: theme.texts,
        number: theme.theme.number,
    })?;
    Ok((themes, period, next))
}

/// A theme to be made a topic.
#[derive(Debug)]
pub(crate) struct Promote {
    pub(crate) theme_id: Uuid,
    pub(crate) topic_id: String,
    /// None for the theme's label.
    pub(crate) name: Option<String>,
    pub(crate) key: RequestKey,
}

/// Makes a topic of a theme.
pub(crate) async fn promote(
    db: &Database,
    tenant: &TenantId,
    author: &str,
    promote: Promote,
) -> Result<Topic, Error> {
    let Promote {
        theme_id,
        topic_id,
        name,
        key,
    } = promote;
    let mut tx = match db.write(tenant, &key, Uuid::now_v7()).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(_) => return topic::get(db, tenant, &topic_id, None).await,
    };
    let theme = store::theme::lock(&mut tx, theme_id)
        .await?
        .ok_or(Error::NoTheme(theme_id))?;
    let definition = definition(theme, topic_id, name);
    // One topic that cannot be compiled would leave the tenant without any.
    check_topic(&definition).map_err(|_| Error::ThinTheme)?;
    let described = topic::Description {
        definition,
        parent_id: None,
        rule: String::new(),
        group: false,
    };
    let topic = topic::add(&mut tx, author, described).await?;
    store::theme::promoted(&mut tx, theme_id, topic.id()).await?;
    tx.commit().await?;
    Ok(topic)
}

/// The theme's phrases as keywords: those of several words, which are seldom about something else, where there are
/// any. Its quotes are examples; what stands there instead of personal data is no word.
fn definition(theme: Theme, id: String, name: Option<String>) -> TopicDefinition {
    let label = theme.label.chars().take(LONGEST_NAME).collect();
    let name = name.or_else(|| Some(label).filter(|label: &String| !label.is_empty()));
    let name = name.unwrap_or_else(|| id.clone());
    let usable = |keyword: &String| {
        let definition = TopicDefinition {
            id: id.clone(),
            name: name.clone(),
            keywords: vec![keyword.clone()],
            examples: Vec::new(),
        };
        check_topic(&definition).is_ok()
    };
    let mut keywords: Vec<String> = theme.phrases.into_iter().filter(usable).collect();
    if keywords.iter().any(|keyword| keyword.contains(' ')) {
        keywords.retain(|keyword| keyword.contains(' '));
    }
    let example = |quote: &String| {
        without_placeholders(quote)
            .chars()
            .take(LONGEST_EXAMPLE)
            .collect()
    };
    let examples = theme.quotes.iter().map(example);
    let examples = examples.filter(|example: &String| !example.is_empty()).collect();
    TopicDefinition {
        id,
        name,
        keywords,
        examples,
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(phrases: &[&str]) -> Theme {
        let at = "2026-03-01T00:00:00Z".parse().unwrap();
        Theme {
            theme_id: Uuid::now_v7(),
            number: 1,
            label: "flights cancelled".repeat(20),
            phrases: phrases.iter().map(|&phrase| phrase.to_owned()).collect(),
            languages: vec!["en".into()],
            quotes: vec![
                "[handle] my flight was cancelled, call [phone]".into(),
                "[name]".into(),
            ],
            texts: 9,
            first_said_at: at,
            last_said_at: at,
            topic_id: None,
        }
    }

    #[test]
    fn a_topic_has_the_phrases_that_say_one_thing_and_no_personal_data() {
        let made = definition(
            theme(&["flight", "cancelled flight", "[…]"]),
            "cancelled".into(),
            None,
        );
        assert_eq!(made.keywords, ["cancelled flight"]);
        assert_eq!(made.examples, ["my flight was cancelled, call"]);
        assert_eq!(made.name.chars().count(), 100);
        let mut unnamed = theme(&["cancelled flight"]);
        unnamed.label.clear();
        assert_eq!(definition(unnamed, "cancelled".into(), None).name, "cancelled");
        let made = definition(theme(&["退款", "航班"]), "refund".into(), Some("Refund".into()));
        assert_eq!(made.keywords, ["退款", "航班"]);
        assert_eq!(made.name, "Refund");
    }
}
