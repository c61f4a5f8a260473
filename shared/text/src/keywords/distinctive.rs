//! The phrases that distinguish one set of texts from another.

use super::counts::{Count, PhraseCounts};
use super::phrases::Stems;

/// Only so many of the best are compared with each other.
const MOST_RANKED: usize = 500;
/// A phrase must be in so many texts of the set: fewer show nothing.
const FEWEST_TEXTS: u32 = 2;
/// The prior weighs as much as this many texts.
const PRIOR_TEXTS: f64 = 100.0;
/// Scores under this are within chance (one-sided, 5 %).
const BEYOND_CHANCE: f64 = 1.645;
/// How much each further word of a phrase counts when phrases are ranked: a phrase says more than a word.
const FURTHER_WORD: f64 = 0.25;
/// A word is left to a phrase that holds it in at least this share of its texts.
const LEFT_TO_PHRASE: f64 = 0.35;

/// A phrase that is commoner in a set of texts than in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct DistinctivePhrase {
    /// The phrase in its commonest form.
    pub phrase: String,
    /// The [`Keyword::key`](crate::Keyword::key) of the phrase.
    pub key: u64,
    /// Texts of the set that hold it.
    pub texts: u32,
    /// Texts of the background that hold it.
    pub background_texts: u32,
    /// The difference of its log odds in the set and in the background, in standard errors.
    pub score: f64,
}

/// The phrases that distinguish a set of texts from a background, at most `most`, the most telling first: those whose
/// log odds differ beyond chance (with an informative Dirichlet prior: Monroe, Colaresi and Quinn, "Fightin' Words",
/// 2008). Of phrases that share most of their words one is listed.
///
/// The background may be all texts or those outside the set; all is the more careful choice.
pub fn distinctive_phrases(
    set: &PhraseCounts,
    background: &PhraseCounts,
    most: usize,
) -> Vec<DistinctivePhrase> {
    most_distinctive(set, background, most, BEYOND_CHANCE)
}

/// The same of those whose log odds differ by more than `least` standard errors, within chance or not: a theme must
/// have a name while it is small.
pub(crate) fn most_distinctive(
    set: &PhraseCounts,
    background: &PhraseCounts,
    most: usize,
    least: f64,
) -> Vec<DistinctivePhrase> {
    let texts = [set.texts() as f64, background.texts() as f64];
    let mut ranked: Vec<(f64, f64, u64, &Count)> = Vec::new();
    let fewest = FEWEST_TEXTS.min(u32::try_from(set.texts()).unwrap_or(FEWEST_TEXTS));
    for (key, count) in set.iter().filter(|(_, count)| count.texts >= fewest) {
        let holding = [f64::from(count.texts), f64::from(background.texts_with(key))];
        let score = log_odds_score(holding, texts);
        if score > least {
            let words = words(&count.stems).count();
            ranked.push((
                score * (1.0 + FURTHER_WORD * (words - 1) as f64),
                score,
                key,
                count,
            ));
        }
    }
    ranked.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.2.cmp(&right.2)));
    ranked.truncate(MOST_RANKED);
    let mut chosen: Vec<(DistinctivePhrase, Stems)> = Vec::new();
    for &(_, score, key, count) in &ranked {
        if chosen.len() == most {
            break;
        }
        let longer = ranked.iter().find(|(_, _, _, other)| holds_most_of(other, count));
        let (score, key, count) =
            longer.map_or((score, key, count), |&(_, score, key, count)| (score, key, count));
        if !chosen.iter().any(|(_, stems)| overlap(stems, &count.stems)) {
            let phrase = DistinctivePhrase {
                phrase: count.form.clone(),
                key,
                texts: count.texts,
                background_texts: background.texts_with(key),
                score,
            };
            chosen.push((phrase, count.stems));
        }
    }
    chosen.into_iter().map(|(phrase, _)| phrase).collect()
}

/// The difference of log odds between a set and the background, in standard errors; the prior is what both
/// together say.
fn log_odds_score(holding: [f64; 2], texts: [f64; 2]) -> f64 {
    let share = (holding[0] + holding[1]) / (texts[0] + texts[1]).max(1.0);
    let prior = PRIOR_TEXTS * share;
    let [odds, background_odds] = [0, 1].map(|side| {
        let with = holding[side] + prior;
        let without = (texts[side] - holding[side]).max(0.0) + PRIOR_TEXTS - prior;
        libm::log(with / without.max(f64::MIN_POSITIVE))
    });
    let variance = 1.0 / (holding[0] + prior) + 1.0 / (holding[1] + prior);
    (odds - background_odds) / variance.sqrt()
}

fn words(stems: &Stems) -> impl Iterator<Item = u64> {
    stems.iter().copied().take_while(|&stem| stem != 0)
}

/// Whether a longer phrase holds a shorter one in most of the texts that hold that.
fn holds_most_of(longer: &Count, shorter: &Count) -> bool {
    let longer_words = words(&longer.stems).count();
    longer_words > words(&shorter.stems).count()
        && f64::from(longer.texts) >= LEFT_TO_PHRASE * f64::from(shorter.texts)
        && words(&shorter.stems).all(|stem| longer.stems.contains(&stem))
}

/// Whether two phrases share more than half of the words of either.
fn overlap(left: &Stems, right: &Stems) -> bool {
    let shared = words(left).filter(|stem| right.contains(stem)).count();
    let shorter = words(left).count().min(words(right).count());
    shared * 2 > shorter
}
