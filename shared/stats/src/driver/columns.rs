//! Which attributes become columns of the regression, and which do not.

use std::collections::{BTreeMap, HashMap};

use super::regression::Row;
use super::waiting::{self, Waiting};
use super::{ANSWERS_A_DRIVER, Answered, Attribute, Dimension, LeftOut, MINIMUM_N, MOST, Reference};
use crate::metric::AnswerScale;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its effect is told.
    Driver,
    /// It is there so that the others are corrected for it: values too rare, or none on record.
    Correction,
}

/// One column of the regression.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) kind: Kind,
    pub(super) attribute: Attribute,
    pub(super) n: u64,
    /// Of what it holds in the answers that it concerns; `n` for what is there or not.
    pub(super) sum: f64,
}

/// All columns.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) list: Vec<Column>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) references: Vec<Reference>,
    place: HashMap<Attribute, usize>,
    /// The waiting times, where their effect is told.
    waiting: Option<Waiting>,
}

/// The value under which the rare ones of a dimension are corrected for together.
const OTHERS: &str = "others";

impl Columns {
    pub(super) fn of(answers: &[Answered]) -> Self {
        let mut counts: BTreeMap<&Attribute, u64> = BTreeMap::new();
        for attribute in answers.iter().flat_map(|answer| &answer.attributes) {
            *counts.entry(attribute).or_default() += 1;
        }
        let mut columns = Self {
            list: Vec::new(),
            left_out: Vec::new(),
            references: references(&counts),
            place: HashMap::new(),
            waiting: None,
        };
        match Waiting::of(answers) {
            Some(Ok(waiting)) => columns.waiting = Some(waiting),
            Some(Err(left_out)) => columns.left_out.push(left_out),
            None => {}
        }
        let is_reference = |attribute: &Attribute| {
            let references = columns.references.iter();
            references
                .clone()
                .any(|reference| reference.attribute == *attribute)
        };
        let mut found: Vec<(&Attribute, u64)> =
            counts.iter().map(|(attribute, n)| (*attribute, *n)).collect();
        found.retain(|(attribute, _)| !is_reference(attribute));
        // The most frequent come first: of two that cannot be told apart the rarer one is left out.
        found.sort_by_key(|&(attribute, n)| (std::cmp::Reverse(n), attribute));
        let rest = columns.choose(found, answers.len());
        if let Some(Waiting { known, sum, .. }) = columns.waiting {
            columns.push(Kind::Driver, waiting::attribute(), known, sum);
        }
        columns.correct_for(&rest);
        columns
    }

    /// Takes in those of `found`, the most frequent first, whose effects are told of `all` answers; answers the others.
    fn choose<'a>(&mut self, found: Vec<(&'a Attribute, u64)>, all: usize) -> Vec<(&'a Attribute, u64)> {
        let room = MOST
            .min(all / ANSWERS_A_DRIVER)
            .saturating_sub(self.waiting.iter().len());
        let (all, mut told, mut rest) = (all as u64, 0, Vec::new());
        for (attribute, n) in found {
            let none_on_record = attribute.value.is_empty();
            let reason = if none_on_record {
                None
            } else if n < MINIMUM_N {
                Some(format!("it concerns {n} of at least {MINIMUM_N} answers needed"))
            } else if all - n < MINIMUM_N {
                Some(format!(
                    "all answers but {} have it; {MINIMUM_N} without it are needed",
                    all - n
                ))
            } else if told == room {
                Some(format!(
                    "{room} others concern more answers, and no more are told of {all} answers ({ANSWERS_A_DRIVER} for \
                     each, at most {MOST})"
                ))
            } else {
                self.push(Kind::Driver, attribute.clone(), n, n as f64);
                told += 1;
                continue;
            };
            rest.push((attribute, n));
            self.left_out.extend(reason.map(|reason| LeftOut {
                attribute: attribute.clone(),
                n,
                reason,
            }));
        }
        rest
    }

    /// The values that are no drivers are corrected for: those of an exclusive dimension together.
    fn correct_for(&mut self, rest: &[(&Attribute, u64)]) {
        for dimension in Dimension::EXCLUSIVE {
            let of_it = || {
                rest.iter()
                    .filter(|(attribute, _)| attribute.dimension == dimension)
            };
            if of_it().next().is_none() {
                continue;
            }
            let n = of_it().map(|(_, n)| n).sum();
            let value = if of_it().all(|(attribute, _)| attribute.value.is_empty()) {
                ""
            } else {
                OTHERS
            };
            let together = Attribute {
                dimension,
                value: value.to_owned(),
            };
            let place = self.list.len();
            self.list.push(Column {
                kind: Kind::Correction,
                attribute: together,
                n,
                sum: n as f64,
            });
            for (attribute, _) in of_it() {
                self.place.insert((*attribute).clone(), place);
            }
        }
        let unknown = self.waiting.map_or(0, |waiting| waiting.unknown);
        if unknown > 0 {
            self.push(
                Kind::Correction,
                waiting::none_on_record(),
                unknown,
                unknown as f64,
            );
        }
    }

    fn push(&mut self, kind: Kind, attribute: Attribute, n: u64, sum: f64) {
        self.place.insert(attribute.clone(), self.list.len());
        self.list.push(Column {
            kind,
            attribute,
            n,
            sum,
        });
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn drivers(&self) -> usize {
        self.list
            .iter()
            .filter(|column| column.kind == Kind::Driver)
            .count()
    }

    pub(super) fn rows(&self, scale: AnswerScale, answers: &[Answered]) -> Vec<Row> {
        let row = |answer: &Answered| {
            let there = |attribute: &Attribute| Some((*self.place.get(attribute)?, 1.0));
            let mut cells: Vec<(usize, f64)> = answer.attributes.iter().filter_map(there).collect();
            if let Some(waiting) = &self.waiting {
                let place = self.place.get(&waiting::attribute()).copied();
                cells.extend(place.map(|place| (place, waiting.cell(answer))));
                if answer.waited.is_none() {
                    cells.extend(there(&waiting::none_on_record()));
                }
            }
            cells.sort_unstable_by_key(|&(place, _)| place);
            cells.dedup_by_key(|&mut (place, _)| place);
            Row {
                value: scale.value_of(answer.score),
                cells,
            }
        };
        answers.iter().map(row).collect()
    }
}

/// The most frequent value of each exclusive dimension; the first by name of several.
fn references(counts: &BTreeMap<&Attribute, u64>) -> Vec<Reference> {
    let most = |dimension: Dimension| {
        let of_it = counts
            .iter()
            .filter(|(attribute, _)| attribute.dimension == dimension);
        let (attribute, n) = of_it.max_by_key(|&(attribute, n)| (*n, std::cmp::Reverse(*attribute)))?;
        Some(Reference {
            attribute: (*attribute).clone(),
            n: *n,
        })
    };
    Dimension::EXCLUSIVE.into_iter().filter_map(most).collect()
}
