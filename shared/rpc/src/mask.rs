//! Which fields an update touches (AIP-134).

use prost_types::FieldMask;

use crate::Violations;

/// A checked update mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    paths: Vec<&'static str>,
}

impl Mask {
    /// Checks `mask` against the fields that may be updated. An empty or missing mask means every field that
    /// is populated in the request, which the caller of this function tells as `populated`; `*` means all.
    /// A path that may not be updated is noted as a violation.
    pub fn parse(
        mask: Option<&FieldMask>,
        updatable: &[&'static str],
        populated: &[&'static str],
        violations: &mut Violations,
    ) -> Option<Self> {
        let given: &[String] = mask.map_or(&[], |mask| &mask.paths);
        if given.is_empty() {
            return Some(Self {
                paths: populated.to_vec(),
            });
        }
        if given == ["*"] {
            return Some(Self {
                paths: updatable.to_vec(),
            });
        }
        let mut paths = Vec::new();
        for path in given {
            match updatable.iter().find(|field| *field == path) {
                Some(field) if paths.contains(field) => {}
                Some(field) => paths.push(*field),
                None => {
                    let shown: String = path.chars().take(60).collect();
                    let message = format!(
                        "'{shown}' cannot be updated; it can hold {}",
                        updatable.join(", ")
                    );
                    violations.add("update_mask", message);
                    return None;
                }
            }
        }
        Some(Self { paths })
    }

    /// The new value of `field`, read by `parse`, where the update touches it: `Some(None)` where it does not.
    /// What stands in a field that is not touched is not looked at and cannot be wrong (AIP-134).
    #[allow(clippy::option_option)] // the outer tells right from wrong, the inner touched from untouched
    pub fn read<T>(&self, field: &str, parse: impl FnOnce() -> Option<T>) -> Option<Option<T>> {
        if self.has(field) {
            parse().map(Some)
        } else {
            Some(None)
        }
    }

    /// Whether the update touches `field`.
    pub fn has(&self, field: &str) -> bool {
        self.paths.contains(&field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[&str] = &["display_name", "language"];

    fn parse(paths: &[&str]) -> Result<Mask, Violations> {
        let mask = FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        };
        let mut violations = Violations::default();
        Mask::parse(Some(&mask), FIELDS, &["language"], &mut violations).ok_or(violations)
    }

    #[test]
    fn an_empty_mask_means_what_is_populated() {
        let mask = parse(&[]).unwrap();
        assert!(mask.has("language") && !mask.has("display_name"));
    }

    #[test]
    fn a_star_means_everything() {
        assert!(FIELDS.iter().all(|field| parse(&["*"]).unwrap().has(field)));
    }

    #[test]
    fn what_stands_in_a_field_that_is_not_touched_cannot_be_wrong() {
        let mask = parse(&["language"]).unwrap();
        assert_eq!(mask.read("language", || Some("en")), Some(Some("en")));
        assert_eq!(mask.read("language", || None::<&str>), None, "it is wrong");
        assert_eq!(mask.read("display_name", || None::<&str>), Some(None));
    }

    #[test]
    fn a_path_that_cannot_be_updated_is_a_violation_that_tells_which_can() {
        let violations = parse(&["profile_id"]).unwrap_err();
        assert!(
            violations
                .iter()
                .next()
                .unwrap()
                .description
                .contains("display_name")
        );
    }
}
