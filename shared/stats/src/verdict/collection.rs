//! Whether the same feedback was collected before and after: what is not collected has no share.

use std::collections::BTreeMap;

use super::aim::Aim;
use super::counterfactual::Segments;
use super::judge::percent;
use super::plan::Plan;
use super::record::{Assumption, Finding};
use super::series::{Bucket, Day, Total};

/// Fewer pieces of feedback on a usual day cannot tell silence from chance (at ten, a day is empty by chance with
/// probability e⁻¹⁰).
const TELLING: f64 = 10.0;
/// A day below this part of the usual volume was not collected.
const SILENT: f64 = 0.1;
/// The largest part of the days on either side of the rollout that may be missing.
const MISSING: f64 = 0.25;
/// The largest factor by which the volume of other feedback may differ between the two sides. What an issue adds to
/// the volume is not counted, so its end does not look like a change of the collection.
const SHIFT: f64 = 2.0;
/// The least other feedback on either side to speak of a shift.
const SHIFT_SUPPORT: f64 = 30.0;
/// The share of a part of the slice moved where it moved by this much.
const MOVED: f64 = 0.1;
/// The statement that parts of the slice kept their weights.
const SAME_MIX: &str = "the mix of channels and products does not explain the change";
/// The part of the change that must remain when the mix is held as it was.
const REMAINS: f64 = 0.5;

/// A part of the slice, such as one channel or one product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum<'a> {
    /// What it is, in words for people.
    pub name: &'a str,
    /// Its series, over the same time as that of the whole.
    pub series: &'a [Bucket],
}

/// What is found of the collection up to some day after the rollout.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Collection {
    pub(super) assumptions: Vec<Assumption>,
    /// Why before and after cannot be compared.
    pub(super) broken: Option<String>,
}

impl Collection {
    /// Checks the days of `segments`, those after the rollout as far as `after` goes; `strata` are cut like the whole.
    pub(super) fn of(segments: &Segments, after: &[Day], plan: &Plan, strata: &[(&str, Segments)]) -> Self {
        let checks = [
            without_gaps(segments, after, plan.minimum_days_before),
            same_volume(segments, after, plan.aim),
            same_mix(segments, after, plan.aim, strata),
        ];
        let broken = checks
            .iter()
            .find(|(assumption, _)| assumption.finding == Finding::Fails)
            .map(|(_, reason)| reason.clone());
        Self {
            assumptions: checks.into_iter().map(|(assumption, _)| assumption).collect(),
            broken,
        }
    }
}

impl Collection {
    /// Together with what is found of a group; the mix of its parts is not looked at.
    pub(super) fn beside(mut self, name: &str, group: Self) -> Self {
        let looked_at = group
            .assumptions
            .into_iter()
            .filter(|found| found.statement != SAME_MIX);
        self.assumptions.extend(looked_at.map(|found| Assumption {
            statement: format!("in {name}, {}", found.statement),
            ..found
        }));
        self.broken = self
            .broken
            .or_else(|| group.broken.map(|reason| format!("in {name}, {reason}")));
        self
    }
}

/// The volume of a usual day: the median of all days with feedback.
fn usual(segments: &Segments, after: &[Day]) -> f64 {
    let days = segments.before_event.iter().chain(&segments.plateau).chain(after);
    let mut volumes: Vec<f64> = days.map(|day| day.n).collect();
    volumes.sort_by(f64::total_cmp);
    volumes.get(volumes.len() / 2).copied().unwrap_or(0.0)
}

/// No silence at the rollout, few elsewhere, and a plateau that was really seen.
fn without_gaps(segments: &Segments, after: &[Day], needed: u32) -> (Assumption, String) {
    let usual = usual(segments, after);
    let (first, last) = (
        segments.plateau.first().map_or(0, |day| day.index),
        after.last().map_or(-1, |day| day.index),
    );
    let volumes: BTreeMap<i64, f64> = segments
        .plateau
        .iter()
        .chain(after)
        .map(|day| (day.index, day.n))
        .collect();
    // The first day of the plateau may be a part of one.
    let silent: Vec<i64> = (first + 1..=last)
        .filter(|index| volumes.get(index).copied().unwrap_or(0.0) < SILENT * usual)
        .collect();
    let before = silent.iter().filter(|&&index| index < 0).count();
    let behind = silent.len() - before;
    let seen = usize::try_from(-first).unwrap_or(0).saturating_sub(before);
    let too_many = |missing: usize, days: i64| missing as f64 > MISSING * days as f64;
    let at_rollout = silent.iter().any(|&index| index == -1 || index == 0);
    let too_few = before > 0 && seen < needed as usize;
    let fails = at_rollout || too_few || too_many(before, -first) || too_many(behind, last + 1);
    let finding = match (usual < TELLING, fails) {
        (true, _) => Finding::Untestable,
        (false, true) => Finding::Fails,
        (false, false) => Finding::Holds,
    };
    let detail = format!(
        "{before} of {} days before the rollout and {behind} of {} after it are without feedback, where {usual:.0} a \
         day are usual",
        -first,
        last + 1
    );
    let reason = format!(
        "feedback was not collected throughout ({detail}): the level may have changed unseen, so before and after \
         cannot be compared"
    );
    let assumption = Assumption {
        statement: "feedback was collected throughout".to_owned(),
        finding,
        detail,
    };
    (assumption, reason)
}

/// How much feedback a day there was on either side of the rollout.
#[derive(Debug, Clone, Copy)]
struct Volume {
    /// Which feedback, in words.
    which: &'static str,
    before: f64,
    after: f64,
    /// Whether there was enough of it on either side to speak of a shift.
    supported: bool,
}

impl Volume {
    fn of(which: &'static str, (before, after): (&[Day], &[Day]), counted: fn(&Day) -> f64) -> Self {
        let sum = |days: &[Day]| -> f64 { days.iter().map(counted).sum() };
        let daily = |days: &[Day]| sum(days) / days.len().max(1) as f64;
        Self {
            which,
            before: daily(before),
            after: daily(after),
            supported: sum(before) >= SHIFT_SUPPORT && sum(after) >= SHIFT_SUPPORT,
        }
    }

    fn factor(&self) -> f64 {
        self.after / self.before.max(1e-9)
    }

    fn stayed(&self) -> bool {
        (1.0 / SHIFT..=SHIFT).contains(&self.factor())
    }
}

/// The volume of what a change leaves alone stayed within a factor. Of mentions that is the feedback that is not about the
/// issue. Of a share of answers it is that as well where the change spares the others, and all of them together where it
/// turns the one kind into the other: then the others grow by what was turned, and no collection has changed.
fn same_volume(segments: &Segments, after: &[Day], aim: Aim) -> (Assumption, String) {
    let usual = usual(segments, after);
    let lived = |days: &[Day]| -> Vec<Day> {
        let lived = days.iter().filter(|day| day.n >= SILENT * usual);
        lived.copied().collect()
    };
    // A part of a day at the beginning of the plateau would lower its mean.
    let whole = lived(segments.plateau.get(1..).unwrap_or(&[]));
    let after = lived(after);
    let others = Volume::of("other feedback", (&whole, &after), |day| day.n - day.successes);
    let all = Volume::of("feedback", (&whole, &after), |day| day.n);
    let turned = aim != Aim::FewerMentions && (all.stayed() || !others.stayed());
    let volume = if turned { all } else { others };
    let finding = match (volume.supported, volume.stayed()) {
        (false, _) => Finding::Untestable,
        (true, true) => Finding::Holds,
        (true, false) => Finding::Fails,
    };
    let Volume {
        which, before, after, ..
    } = volume;
    let detail = format!("{before:.1} pieces of {which} a day before the rollout, {after:.1} after it");
    let reason = format!(
        "the volume of {which} changed by a factor of {:.2} ({detail}): what is collected changed, so a share before and \
         one after are shares of different things",
        volume.factor()
    );
    let assumption = Assumption {
        statement: format!("the volume of {which} stayed within a factor of two"),
        finding,
        detail,
    };
    (assumption, reason)
}

/// The change remains when each part of the slice keeps the weight it had before the rollout (direct
/// standardisation; Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 2003, chapter 19).
fn same_mix(
    segments: &Segments,
    after: &[Day],
    aim: Aim,
    strata: &[(&str, Segments)],
) -> (Assumption, String) {
    let last = after.last().map_or(i64::MIN, |day| day.index);
    let (mut weight, mut standardised) = (0.0, 0.0);
    let mut moved: Option<(&str, f64, f64)> = None;
    let (all_before, all_after) = (Total::of(&segments.plateau), Total::of(after));
    for (name, stratum) in strata {
        let seen: Vec<Day> = stratum
            .after
            .iter()
            .copied()
            .filter(|day| day.index <= last)
            .collect();
        let (then, now) = (Total::of(&stratum.plateau), Total::of(&seen));
        let (share_then, share_now) = (then.n / all_before.n.max(1.0), now.n / all_after.n.max(1.0));
        if moved.is_none_or(|(_, a, b)| (share_now - share_then).abs() > (b - a).abs()) {
            moved = Some((name, share_then, share_now));
        }
        if then.n > 0.0 && now.n > 0.0 {
            weight += then.n;
            standardised += then.n * (now.share() - then.share());
        }
    }
    let raw = all_after.share() - all_before.share();
    let standardised = standardised / weight.max(1.0);
    let covered = weight / all_before.n.max(1.0);
    let explained = covered < REMAINS || standardised * raw.signum() < REMAINS * raw.abs();
    let finding = match moved {
        None => Finding::Untestable,
        Some((_, then, now)) if (now - then).abs() >= MOVED && explained => Finding::Fails,
        Some(_) => Finding::Holds,
    };
    let detail = moved.map_or_else(
        || "the parts of the slice are not known".to_owned(),
        |(name, then, now)| {
            format!(
                "{name} went from {} to {} of the feedback; with the mix as it was the share would have changed by \
                 {:.1} points instead of {:.1}",
                percent(then),
                percent(now),
                100.0 * aim.towards(standardised),
                100.0 * aim.towards(raw)
            )
        },
    );
    let reason = format!("the mix of what is collected changed and explains most of the change ({detail})");
    let assumption = Assumption {
        statement: SAME_MIX.to_owned(),
        finding,
        detail,
    };
    (assumption, reason)
}
