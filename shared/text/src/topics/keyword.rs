//! A keyword as written, taken apart.

/// Alternatives that one place of a keyword may be filled with.
pub(super) type Alternatives = Vec<String>;

/// More phrases than this from one keyword's alternatives are refused.
const MOST_PHRASES: usize = 4096;

/// A keyword taken apart: the parts follow each other in a sentence, with other words between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keyword {
    /// What each part may read.
    pub(super) parts: Vec<Alternatives>,
}

impl Keyword {
    /// Takes a keyword apart.
    pub(super) fn parse(source: &str) -> Result<Keyword, &'static str> {
        let parts = source
            .replace("...", "…")
            .split('…')
            .map(|part| phrases(part.trim()))
            .collect::<Result<Vec<_>, _>>()?;
        if parts
            .iter()
            .any(|alternatives| alternatives.iter().any(|phrase| phrase.trim().is_empty()))
        {
            return Err("has a part without words; write at least one word on each side of …");
        }
        Ok(Keyword { parts })
    }
}

/// All phrases that a part with bracketed alternatives may read.
fn phrases(part: &str) -> Result<Alternatives, &'static str> {
    let mut phrases = vec![String::new()];
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, following) = after
            .split_once(']')
            .ok_or("opens a bracket and does not close it; write [this|that]")?;
        if phrases.len() * (inside.matches('|').count() + 1) > MOST_PHRASES {
            return Err("has too many alternatives; split it into several keywords");
        }
        phrases = phrases
            .iter()
            .flat_map(|phrase| {
                inside
                    .split('|')
                    .map(move |choice| format!("{phrase}{before}{choice}"))
            })
            .collect();
        rest = following;
    }
    for phrase in &mut phrases {
        phrase.push_str(rest);
    }
    Ok(phrases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_multiply_and_parts_split() {
        let keyword = Keyword::parse("[lost|missing] my … [bag|suitcase]").unwrap();
        assert_eq!(
            keyword.parts,
            [vec!["lost my", "missing my"], vec!["bag", "suitcase"]]
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_advice() {
        assert!(Keyword::parse("[lost").unwrap_err().contains("does not close"));
        assert!(
            Keyword::parse("lost …")
                .unwrap_err()
                .contains("at least one word")
        );
        let many = "[a|b|c|d|e|f|g|h]".repeat(5);
        assert!(Keyword::parse(&many).unwrap_err().contains("too many"));
    }
}
