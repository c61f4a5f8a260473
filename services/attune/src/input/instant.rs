//! Instants as people and tools write them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

/// Forms with an offset.
const ZONED: &[&str] = &[
    "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y-%m-%d %H:%M:%S%.f%z",
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M %z",
    "%Y-%m-%d %H:%M:%S%.f UTC",
    "%a %b %d %H:%M:%S %z %Y",
];
/// Forms without one, which are taken as UTC.
const PLAIN: &[&str] = &[
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
];
const DAYS: &[&str] = &["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y"];

/// Reads RFC 3339, RFC 2822, ISO 8601 with a space, `2015/02/17 07:36`, `17.02.2015 07:36`, a day alone, and
/// seconds or milliseconds since 1970. Without an offset it is UTC. A day and a month that could be either
/// (`02/03/2015`) are not guessed.
pub(crate) fn parse(text: &str) -> Result<DateTime<Utc>, String> {
    let instant = rfc(text).or_else(|| written(text)).or_else(|| counted(text));
    match instant {
        Some(instant) if (1970..2200).contains(&instant.year()) => Ok(instant),
        Some(_) => Err(format!(
            "at is {text:?}, which is not between the years 1970 and 2200"
        )),
        None if text.is_empty() => Err("at is empty; every row needs its time".to_owned()),
        None => {
            let start: String = text.chars().take(40).collect();
            Err(format!("at is {start:?}; write it like 2026-01-31T18:05:00Z"))
        }
    }
}

fn rfc(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .ok()
        .map(|at| at.to_utc())
}

fn written(text: &str) -> Option<DateTime<Utc>> {
    let zoned = || {
        ZONED
            .iter()
            .find_map(|form| DateTime::parse_from_str(text, form).ok())
            .map(|at| at.to_utc())
    };
    let plain = || {
        PLAIN
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    let day = || {
        DAYS.iter()
            .find_map(|form| NaiveDate::parse_from_str(text, form).ok())
    };
    zoned().or_else(|| {
        plain()
            .or_else(|| day()?.and_hms_opt(0, 0, 0))
            .map(|at| at.and_utc())
    })
}

fn counted(text: &str) -> Option<DateTime<Utc>> {
    let number: i64 = text.parse().ok()?;
    match text.len() {
        9 | 10 => DateTime::from_timestamp(number, 0),
        12 | 13 => DateTime::from_timestamp_millis(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_mean_the_same_instant() {
        let wanted: DateTime<Utc> = "2015-02-17T07:36:00Z".parse().unwrap();
        for text in [
            "2015-02-17T07:36:00Z",
            "2015-02-17T08:36:00+01:00",
            "2015-02-17 07:36:00",
            "2015-02-17 07:36",
            "2015-02-17 07:36:00 +0000",
            "2015-02-16 23:36:00 -0800",
            "2015/02/17 07:36",
            "17.02.2015 07:36",
            "Tue, 17 Feb 2015 07:36:00 +0000",
            "Tue Feb 17 07:36:00 +0000 2015",
            "1424158560",
            "1424158560000",
        ] {
            assert_eq!(parse(text), Ok(wanted), "{text}");
        }
        assert_eq!(
            parse("2015-02-17").unwrap().to_rfc3339(),
            "2015-02-17T00:00:00+00:00"
        );
    }

    #[test]
    fn what_could_mean_two_days_is_not_guessed() {
        for text in [
            "",
            "02/03/2015",
            "yesterday",
            "2015-13-01",
            "0001-01-01T00:00:00Z",
            "9999-12-31",
            "42",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
