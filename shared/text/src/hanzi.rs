//! Traditional and simplified Chinese characters, by table.

use std::sync::LazyLock;

const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9FFF;
const SIZE: usize = (LAST - FIRST + 1) as usize;

/// How a character is used in the two ways of writing Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Both ways of writing use it.
    Shared,
    /// Only traditional writing uses it.
    Traditional,
    /// Only simplified writing uses it.
    Simplified,
}

struct Table {
    simplified: Vec<u16>,
    script: Vec<Script>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| parse(include_str!("../data/hanzi.tsv")));

fn parse(source: &str) -> Table {
    let mut table = Table {
        simplified: vec![0; SIZE],
        script: vec![Script::Shared; SIZE],
    };
    for line in source.lines() {
        let mut columns = line.split('\t');
        let Some(index) = columns
            .next()
            .and_then(|column| column.chars().next())
            .and_then(index)
        else {
            continue;
        };
        let simplified = columns.next().and_then(|column| column.chars().next());
        let exclusive = columns.next() == Some("1");
        table.script[index] = match (simplified, exclusive) {
            (Some(_), true) => Script::Traditional,
            (None, true) => Script::Simplified,
            (_, false) => Script::Shared,
        };
        // The table holds characters of the basic plane only, so 16 bits are enough.
        table.simplified[index] = simplified
            .and_then(|c| u16::try_from(u32::from(c)).ok())
            .unwrap_or(0);
    }
    table
}

fn index(character: char) -> Option<usize> {
    let offset = u32::from(character).checked_sub(FIRST)? as usize;
    (offset < SIZE).then_some(offset)
}

/// The simplified form of a character, or the character itself.
pub(crate) fn to_simplified(character: char) -> char {
    let Some(index) = index(character) else {
        return character;
    };
    match TABLE.simplified[index] {
        0 => character,
        code => char::from_u32(u32::from(code)).unwrap_or(character),
    }
}

/// Which way of writing a character belongs to.
pub(crate) fn script(character: char) -> Script {
    index(character).map_or(Script::Shared, |index| TABLE.script[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traditional_characters_become_simplified_ones() {
        let text: String = "服務態度很差，電話沒人接".chars().map(to_simplified).collect();
        assert_eq!(text, "服务态度很差，电话没人接");
    }

    #[test]
    fn characters_of_one_writing_are_told_apart() {
        assert_eq!(script('體'), Script::Traditional);
        assert_eq!(script('体'), Script::Simplified);
        assert_eq!(script('人'), Script::Shared);
        assert_eq!(script('x'), Script::Shared);
    }
}
