//! A correction as bytes, so that it can be kept and used elsewhere.

use std::collections::HashMap;

use super::{Correction, Judgement, MOST_FEATURES, WEIGHTS};

const MAGIC: &[u8; 8] = b"ATTUNE\0C";
const FORMAT: u32 = 1;
/// Bytes of one n-gram: its feature and a number for each weight.
const ENTRY: usize = 4 + 4 * WEIGHTS;

/// Why bytes cannot be used as a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CorrectionError {
    /// The bytes are not a correction, or are cut.
    #[error("not a correction; learn one again")]
    NotACorrection,
    /// The correction was written in a format this build does not read.
    #[error("correction format {found} is not format {FORMAT}; learn it again with this build")]
    Format {
        /// The format found.
        found: u32,
    },
}

impl Correction {
    /// The correction as bytes: all numbers little-endian, weights as 32-bit floats, n-grams in the order of their
    /// features, so that equal corrections give equal bytes. Read back, its scores differ from those before by no
    /// more than the rounding of the weights.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Correction {
            offsets,
            weights,
            judgement,
        } = self;
        let Judgement {
            texts,
            set_right,
            spoilt,
            gain,
            standard_error,
        } = *judgement;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        for count in [texts, set_right, spoilt] {
            bytes.extend((count as u64).to_le_bytes());
        }
        bytes.extend([gain, standard_error].into_iter().flat_map(f64::to_le_bytes));
        bytes.extend(offsets.iter().copied().flat_map(f64::to_le_bytes));
        let mut entries: Vec<_> = weights.iter().collect();
        entries.sort_unstable_by_key(|&(feature, _)| *feature);
        for (feature, weights) in entries {
            bytes.extend(feature.to_le_bytes());
            bytes.extend(weights.iter().flat_map(|&weight| narrow(weight).to_le_bytes()));
        }
        bytes
    }

    /// Reads what [`Correction::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are not a correction, of another format, cut, or hold a number that is not finite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Correction, CorrectionError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(CorrectionError::NotACorrection)?;
        let (format, mut rest) = rest.split_first_chunk().ok_or(CorrectionError::NotACorrection)?;
        let found = u32::from_le_bytes(*format);
        if found != FORMAT {
            return Err(CorrectionError::Format { found });
        }
        let mut counts = [0_usize; 3];
        for count in &mut counts {
            let number = u64::from_le_bytes(take(&mut rest)?);
            *count = usize::try_from(number).map_err(|_| CorrectionError::NotACorrection)?;
        }
        let mut judged = [0.0; 2];
        for number in &mut judged {
            *number = finite(f64::from_le_bytes(take(&mut rest)?))?;
        }
        let mut offsets = [0.0; WEIGHTS];
        for offset in &mut offsets {
            *offset = finite(f64::from_le_bytes(take(&mut rest)?))?;
        }
        let [texts, set_right, spoilt] = counts;
        let [gain, standard_error] = judged;
        Ok(Correction {
            offsets,
            weights: entries(rest)?,
            judgement: Judgement {
                texts,
                set_right,
                spoilt,
                gain,
                standard_error,
            },
        })
    }
}

fn entries(mut rest: &[u8]) -> Result<HashMap<u32, [f64; WEIGHTS]>, CorrectionError> {
    if !rest.len().is_multiple_of(ENTRY) || rest.len() / ENTRY > MOST_FEATURES {
        return Err(CorrectionError::NotACorrection);
    }
    let mut weights = HashMap::with_capacity(rest.len() / ENTRY);
    while !rest.is_empty() {
        let feature = u32::from_le_bytes(take(&mut rest)?);
        let mut values = [0.0; WEIGHTS];
        for value in &mut values {
            *value = finite(f64::from(f32::from_le_bytes(take(&mut rest)?)))?;
        }
        weights.insert(feature, values);
    }
    Ok(weights)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CorrectionError> {
    let (taken, left) = rest.split_first_chunk().ok_or(CorrectionError::NotACorrection)?;
    *rest = left;
    Ok(*taken)
}

fn finite(number: f64) -> Result<f64, CorrectionError> {
    if number.is_finite() {
        Ok(number)
    } else {
        Err(CorrectionError::NotACorrection)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounds to the nearest f32; weights are a few units"
)]
fn narrow(weight: f64) -> f32 {
    weight as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, Polarity};

    /// A company whose customers write of zorbs, which the model has never heard of.
    fn learnt() -> Correction {
        let texts: Vec<(String, Polarity)> = (0..120)
            .map(|i| {
                if i % 2 == 0 {
                    (format!("the zorb number {i} is grumfled"), Polarity::Negative)
                } else {
                    (format!("the zorb number {i} is fleemish"), Polarity::Positive)
                }
            })
            .collect();
        let texts: Vec<(&str, Polarity)> = texts
            .iter()
            .map(|(text, label)| (text.as_str(), *label))
            .collect();
        Engine::builtin().attempt(&texts).correction.unwrap()
    }

    #[test]
    fn a_correction_survives_writing_and_reading() {
        let correction = learnt();
        let bytes = correction.to_bytes();
        let read = Correction::from_bytes(&bytes).unwrap();
        assert_eq!(read.judgement(), correction.judgement());
        assert_eq!(read.to_bytes(), bytes);
        let engine = Engine::builtin().with_correction(read);
        let (_, sentiment) = engine.sentiment("what a grumfled zorb");
        assert_eq!(sentiment.label, Some(Polarity::Negative), "{sentiment:?}");
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let bytes = learnt().to_bytes();
        for cut in [0, 7, 11, 30, bytes.len() - 1] {
            assert!(Correction::from_bytes(&bytes[..cut]).is_err(), "{cut}");
        }
        let mut other = bytes.clone();
        other[8] = 9;
        assert_eq!(
            Correction::from_bytes(&other).unwrap_err(),
            CorrectionError::Format { found: 9 }
        );
        let mut endless = bytes;
        let end = endless.len();
        endless[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        assert_eq!(
            Correction::from_bytes(&endless).unwrap_err(),
            CorrectionError::NotACorrection
        );
    }
}
