//! The model file: a header, then a table of features with two signed bytes each: how much more a feature speaks for
//! negative and for positive than for neutral.

use std::borrow::Cow;

use super::CLASSES;
use super::table::{self, SLOT, SLOTS, Slot};

const MAGIC: &[u8; 8] = b"ATTUNE\0S";
const FORMAT: u32 = 5;
/// Weights of a feature; neutral is the zero they are measured from.
pub(crate) const WEIGHTS: usize = 2;
/// Numbers in the header after the version: scale, three biases, calibration slope, three calibration
/// offsets, abstain threshold, weight of neutral.
const NUMBERS: usize = 10;

/// Why a model file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The bytes are not a sentiment model.
    #[error("not a sentiment model; write one with the train program")]
    NotAModel,
    /// The model was written in a format this build does not read.
    #[error("model format {found} is not format {FORMAT}; train the model again with this build")]
    Format {
        /// The format of the file.
        found: u32,
    },
    /// The file ends early or goes on too long.
    #[error("the model holds {found} bytes of weights instead of {expected}; copy or train it again")]
    Size {
        /// Bytes of weights in the file.
        found: usize,
        /// Bytes of weights there should be.
        expected: usize,
    },
}

/// Numbers that turn scores into calibrated probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Calibration {
    /// Factor of every score: the inverse of the temperature.
    pub(crate) slope: f64,
    /// Added to each class's score after the factor.
    pub(crate) offsets: [f64; CLASSES],
    /// Under this probability the model abstains.
    pub(crate) threshold: f64,
    /// Factor of neutral's probability when the class is decided: above one, neutral is found more often than
    /// counting errors alone would have it, because it is the class most often missed.
    pub(crate) neutral_weight: f64,
}

impl Calibration {
    /// Leaves scores as they are and never abstains.
    pub(crate) const NONE: Calibration = Calibration {
        slope: 1.0,
        offsets: [0.0; CLASSES],
        threshold: 0.0,
        neutral_weight: 1.0,
    };

    /// The class decided for such probabilities, as an index into [`super::Polarity::ALL`].
    pub(crate) fn decide(&self, probabilities: [f64; CLASSES]) -> usize {
        let [negative, neutral, positive] = probabilities;
        let weighed = [negative, neutral * self.neutral_weight, positive];
        (1..CLASSES).fold(
            0,
            |top, class| if weighed[class] > weighed[top] { class } else { top },
        )
    }
}

/// A sentiment model: a three-way logistic regression over hashed n-grams with 8-bit weights.
#[derive(Clone)]
pub struct Model {
    version: String,
    scale: f64,
    bias: [f64; CLASSES],
    calibration: Calibration,
    slots: Cow<'static, [Slot]>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Model")
            .field("version", &self.version)
            .field("calibration", &self.calibration)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// A model of features with their weights, the most important first.
    pub(crate) fn new(
        version: String,
        scale: f64,
        bias: [f64; CLASSES],
        weights: impl IntoIterator<Item = (u32, [u8; WEIGHTS])>,
    ) -> Model {
        Model {
            version,
            scale,
            bias,
            calibration: Calibration::NONE,
            slots: Cow::Owned(table::fill(weights)),
        }
    }

    /// A model that knows nothing and abstains from every text.
    pub(crate) fn blank() -> Model {
        let calibration = Calibration {
            threshold: 2.0,
            ..Calibration::NONE
        };
        let version = String::from("blank");
        Model {
            version,
            scale: 0.0,
            bias: [0.0; CLASSES],
            calibration,
            slots: Cow::Borrowed(&[]),
        }
    }

    /// The model that is part of the binary.
    ///
    /// # Errors
    /// When the file the binary was built with is damaged.
    pub fn builtin() -> Result<Model, ModelError> {
        let (mut model, slots) = parse(include_bytes!("../../model/sentiment.bin"))?;
        model.slots = Cow::Borrowed(slots);
        Ok(model)
    }

    /// Reads a model written by [`Model::to_bytes`].
    ///
    /// # Errors
    /// When the bytes are not a model, of another format, or cut.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, ModelError> {
        let (mut model, slots) = parse(bytes)?;
        model.slots = Cow::Owned(slots.to_vec());
        Ok(model)
    }

    /// The model as a file: all numbers little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        let version = self.version.as_bytes();
        let length = version.len().min(usize::from(u8::MAX));
        bytes.push(u8::try_from(length).unwrap_or(u8::MAX));
        bytes.extend(&version[..length]);
        let Calibration {
            slope,
            offsets,
            threshold,
            neutral_weight,
        } = self.calibration;
        let numbers = [self.scale]
            .into_iter()
            .chain(self.bias)
            .chain([slope])
            .chain(offsets)
            .chain([threshold, neutral_weight]);
        bytes.extend(numbers.flat_map(f64::to_le_bytes));
        bytes.extend(self.slots.as_flattened());
        bytes
    }

    /// Name and number of the model, such as `builtin-ngram-1`; stored with every result.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The probability under which the model abstains.
    pub fn abstain_threshold(&self) -> f64 {
        self.calibration.threshold
    }

    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    pub(crate) fn bias(&self) -> [f64; CLASSES] {
        self.bias
    }

    pub(crate) fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    pub(crate) fn set_calibration(&mut self, calibration: Calibration) {
        self.calibration = calibration;
    }

    /// How much the scores are stretched by calibration.
    pub(crate) fn slope(&self) -> f64 {
        self.calibration.slope
    }

    pub(crate) fn calibrate(&self, mut logits: [f64; CLASSES]) -> [f64; CLASSES] {
        let Calibration { slope, offsets, .. } = self.calibration;
        for (class, logit) in logits.iter_mut().enumerate() {
            *logit = *logit * slope + offsets[class];
        }
        logits
    }

    /// The weights of a feature; zero for one that the model does not know.
    pub(crate) fn weights(&self, feature: u32) -> [i8; WEIGHTS] {
        table::find(&self.slots, feature)
    }
}

fn parse(bytes: &[u8]) -> Result<(Model, &[Slot]), ModelError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(ModelError::NotAModel)?;
    let (format, rest) = rest.split_first_chunk().ok_or(ModelError::NotAModel)?;
    let found = u32::from_le_bytes(*format);
    if found != FORMAT {
        return Err(ModelError::Format { found });
    }
    let (&length, rest) = rest.split_first().ok_or(ModelError::NotAModel)?;
    let (version, mut rest) = rest
        .split_at_checked(usize::from(length))
        .ok_or(ModelError::NotAModel)?;
    let mut numbers = [0.0; NUMBERS];
    for number in &mut numbers {
        let (bytes, after) = rest.split_first_chunk().ok_or(ModelError::NotAModel)?;
        *number = f64::from_le_bytes(*bytes);
        rest = after;
    }
    let (slots, odd) = rest.as_chunks();
    if slots.len() != SLOTS || !odd.is_empty() {
        return Err(ModelError::Size {
            found: rest.len(),
            expected: SLOTS * SLOT,
        });
    }
    let [scale, b0, b1, b2, slope, o0, o1, o2, threshold, neutral_weight] = numbers;
    let version = String::from_utf8_lossy(version).into_owned();
    let calibration = Calibration {
        slope,
        offsets: [o0, o1, o2],
        threshold,
        neutral_weight,
    };
    let model = Model {
        version,
        scale,
        bias: [b0, b1, b2],
        calibration,
        slots: Cow::Borrowed(&[]),
    };
    Ok((model, slots))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_survives_writing_and_reading() {
        let mut model = Model::new("m-1".into(), 0.5, [0.1, 0.2, 0.3], [(9, [7, 8])]);
        model.set_calibration(Calibration {
            threshold: 0.4,
            ..Calibration::NONE
        });
        let read = Model::from_bytes(&model.to_bytes()).unwrap();
        assert_eq!(read.version(), "m-1");
        assert_eq!(read.to_bytes(), model.to_bytes());
    }

    #[test]
    fn damaged_files_are_refused() {
        let bytes = Model::new("m".into(), 1.0, [0.0; 3], []).to_bytes();
        assert_eq!(Model::from_bytes(b"hello").unwrap_err(), ModelError::NotAModel);
        assert!(
            matches!(Model::from_bytes(&bytes[..500]).unwrap_err(), ModelError::Size { found, .. } if found < 500)
        );
        let mut other = bytes;
        other[8] = 9;
        assert_eq!(
            Model::from_bytes(&other).unwrap_err(),
            ModelError::Format { found: 9 }
        );
    }
}
