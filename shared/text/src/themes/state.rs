//! Themes as bytes: a magic number, the format, then numbers as LEB128 and weights as little-endian `f32`.

use std::collections::BTreeMap;

use super::cluster::{Cluster, Representative};
use super::direction::Direction;
use super::index::Index;
use super::vector::{DIMENSIONS, Features, Occurrence};
use super::{ThemeOptions, Themes};
use crate::bytes::{Reader, Writer};
use crate::{Language, PhraseCounts};

const MAGIC: &[u8; 7] = b"ATTUNET";
const FORMAT: u8 = 1;
const MEANINGS_MAGIC: &[u8; 8] = b"ATTUNETM";

/// Why bytes cannot be read as themes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ThemesError {
    /// The bytes are not themes.
    #[error("these bytes are not themes; give what Themes::save returned")]
    NotThemes,
    /// The bytes are themes of another format.
    #[error(
        "these themes are of format {found}, which this build does not read; form them anew from the texts"
    )]
    Format {
        /// The format found.
        found: u8,
    },
    /// The bytes end early or contradict themselves.
    #[error("these themes are damaged; form them anew from the texts")]
    Damaged,
}

impl Themes {
    /// The themes as compact bytes, to be kept until more texts come; [`Themes::load`] reads them. The same themes
    /// give the same bytes.
    pub fn save(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(MAGIC);
        writer.raw(&[FORMAT]);
        write_options(&mut writer, &self.options);
        for number in [self.next_id, self.added, self.consolidate_at] {
            writer.number(number);
        }
        write_occurrence(&mut writer, &self.occurrence);
        self.phrases.write(&mut writer);
        writer.number(self.merged.len() as u64);
        for (&gone, &kept) in &self.merged {
            writer.number(gone);
            writer.number(kept);
        }
        writer.number(self.clusters.len() as u64);
        for cluster in &self.clusters {
            write_cluster(&mut writer, cluster);
        }
        writer.finish()
    }

    /// Reads what [`Themes::save`] returned. Themes that were loaded go on as if they had never been saved.
    ///
    /// # Errors
    /// When the bytes are not themes, of another format, or damaged.
    pub fn load(bytes: &[u8]) -> Result<Themes, ThemesError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ThemesError::NotThemes)?;
        match rest.split_first() {
            Some((&FORMAT, rest)) => read(&mut Reader::new(rest)).ok_or(ThemesError::Damaged),
            Some((&found, _)) => Err(ThemesError::Format { found }),
            None => Err(ThemesError::Damaged),
        }
    }

    /// What the texts of each theme mean, as bytes for [`Themes::load_meanings`]; they stand beside those of
    /// [`Themes::save`], which releases before this one read and write too.
    pub fn save_meanings(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(MEANINGS_MAGIC);
        writer.number(self.clusters.len() as u64);
        for cluster in &self.clusters {
            writer.number(cluster.id);
            cluster.direction.write(&mut writer);
        }
        writer.finish()
    }

    /// Tells themes that were loaded what their texts mean. Themes of which the bytes say nothing learn it from the next
    /// texts; until then their words alone count.
    ///
    /// # Errors
    /// When the bytes are not what [`Themes::save_meanings`] returned; then nothing has changed.
    pub fn load_meanings(&mut self, bytes: &[u8]) -> Result<(), ThemesError> {
        let rest = bytes.strip_prefix(MEANINGS_MAGIC).ok_or(ThemesError::NotThemes)?;
        let mut directions = read_directions(&mut Reader::new(rest)).ok_or(ThemesError::Damaged)?;
        for cluster in &mut self.clusters {
            if let Some(direction) = directions.remove(&cluster.id) {
                cluster.direction = direction;
            }
        }
        Ok(())
    }
}

fn read_directions(reader: &mut Reader<'_>) -> Option<BTreeMap<u64, Direction>> {
    let directions = (0..reader.count()?)
        .map(|_| Some((reader.number()?, Direction::read(reader)?)))
        .collect::<Option<_>>()?;
    reader.is_at_end().then_some(directions)
}

fn read(reader: &mut Reader<'_>) -> Option<Themes> {
    let options = read_options(reader)?;
    let [next_id, added, consolidate_at] = [reader.number()?, reader.number()?, reader.number()?];
    let occurrence = read_occurrence(reader)?;
    let phrases = PhraseCounts::read(reader)?;
    let merged = (0..reader.count()?)
        .map(|_| Some((reader.number()?, reader.number()?)))
        .collect::<Option<_>>()?;
    let clusters = (0..reader.count()?)
        .map(|_| read_cluster(reader))
        .collect::<Option<Vec<Cluster>>>()?;
    let themes = Themes {
        options,
        next_id,
        added,
        consolidate_at,
        occurrence,
        phrases,
        index: Index::over(&clusters),
        clusters,
        merged,
    };
    reader.is_at_end().then_some(themes)
}

fn write_options(writer: &mut Writer, options: &ThemeOptions) {
    let ThemeOptions {
        likeness,
        merge_likeness,
        most_themes,
        most_phrases,
    } = *options;
    writer.weight(likeness);
    writer.weight(merge_likeness);
    writer.number(most_themes as u64);
    writer.number(most_phrases as u64);
}

fn read_options(reader: &mut Reader<'_>) -> Option<ThemeOptions> {
    Some(ThemeOptions {
        likeness: reader.weight()?,
        merge_likeness: reader.weight()?,
        most_themes: usize::try_from(reader.number()?).ok()?,
        most_phrases: usize::try_from(reader.number()?).ok()?,
    })
}

/// Counts that are not zero, each with the distance from the one before.
fn write_occurrence(writer: &mut Writer, occurrence: &Occurrence) {
    let known: Vec<(usize, u32)> = occurrence
        .counts
        .iter()
        .copied()
        .enumerate()
        .filter(|&(_, count)| count > 0)
        .collect();
    writer.number(occurrence.texts);
    writer.number(known.len() as u64);
    let mut next = 0;
    for (bucket, count) in known {
        writer.number((bucket - next) as u64);
        writer.number(u64::from(count));
        next = bucket + 1;
    }
}

fn read_occurrence(reader: &mut Reader<'_>) -> Option<Occurrence> {
    let mut occurrence = Occurrence::new();
    occurrence.texts = reader.number()?;
    let mut next = 0_usize;
    for _ in 0..reader.count()? {
        let bucket = next.checked_add(usize::try_from(reader.number()?).ok()?)?;
        *occurrence.counts.get_mut(bucket)? = u32::try_from(reader.number()?).ok()?;
        next = bucket + 1;
    }
    Some(occurrence)
}

fn write_cluster(writer: &mut Writer, cluster: &Cluster) {
    for number in [cluster.id, cluster.texts, cluster.distinct, cluster.last] {
        writer.number(number);
    }
    writer.number(cluster.languages.len() as u64);
    for (language, texts) in &cluster.languages {
        writer.text(language.as_str());
        writer.number(*texts);
    }
    writer.number(cluster.sums.len() as u64);
    for &(bucket, weight) in &cluster.sums {
        writer.number(u64::from(bucket));
        writer.weight(weight);
    }
    writer.number(cluster.fingerprints.len() as u64);
    for fingerprint in &cluster.fingerprints {
        writer.raw(&fingerprint.to_le_bytes());
    }
    cluster.phrases.write(writer);
    writer.number(cluster.shown.len() as u64);
    for shown in &cluster.shown {
        writer.weight(shown.similarity);
        writer.text(&shown.text);
    }
}

fn read_cluster(reader: &mut Reader<'_>) -> Option<Cluster> {
    let mut cluster = Cluster::new(reader.number()?);
    cluster.texts = reader.number()?;
    cluster.distinct = reader.number()?;
    cluster.last = reader.number()?;
    for _ in 0..reader.count()? {
        let language = Language::from_tag(reader.text()?)?;
        cluster.languages.push((language, reader.number()?));
    }
    let mut sums: Features = Vec::new();
    for _ in 0..reader.count()? {
        let bucket = u16::try_from(reader.number()?).ok()?;
        let in_order = sums.last().is_none_or(|&(before, _)| before < bucket);
        sums.push((bucket, reader.weight()?));
        if !in_order || usize::from(bucket) >= DIMENSIONS {
            return None;
        }
    }
    cluster.set_sums(sums);
    for _ in 0..reader.count()? {
        cluster.fingerprints.push(reader.hash()?);
    }
    cluster.phrases = PhraseCounts::read(reader)?;
    for _ in 0..reader.count()? {
        cluster.shown.push(Representative {
            similarity: reader.weight()?,
            text: reader.text()?.to_owned(),
        });
    }
    Some(cluster)
}
