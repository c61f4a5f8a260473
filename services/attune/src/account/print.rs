//! The account for people.

use std::fmt::{self, Write as _};

use chrono::{DateTime, Utc};

use super::{Account, InitiativeAccount, IssueAccount, IterationAccount, OpenIteration, Told, course};

/// Rejected lines that are shown one by one.
const SHOWN_REJECTIONS: usize = 5;
/// Quotes that are shown of an issue.
const SHOWN_QUOTES: usize = 3;
/// Quotes that are shown of a theme.
const SHOWN_THEME_QUOTES: usize = 2;
const LONGEST_QUOTE: usize = 160;

/// The account as text.
pub(crate) fn print(account: &Account) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write(&mut text, account);
    text
}

fn write(out: &mut String, account: &Account) -> fmt::Result {
    heading(out, "What went in")?;
    input(out, account)?;
    heading(out, "What people talked about")?;
    talked_about(out, account)?;
    heading(out, "What was found")?;
    match account.issues.as_slice() {
        [] => writeln!(out, "Nothing left its usual range: no issue was opened.")?,
        issues => writeln!(
            out,
            "{}.",
            counted(
                issues.len(),
                "issue was opened by itself",
                "issues were opened by themselves"
            )
        )?,
    }
    for issue in &account.issues {
        found(out, issue)?;
        for initiative in account
            .initiatives
            .iter()
            .filter(|initiative| initiative.issue == issue.issue_id)
        {
            done(out, initiative)?;
        }
        trace(out, account, issue)?;
    }
    heading(out, "Who was told, in all")?;
    told(out, account)?;
    heading(out, "What is not claimed")?;
    not_claimed(out, account)
}

fn heading(out: &mut String, title: &str) -> fmt::Result {
    writeln!(out, "\n{title}\n{}", "─".repeat(title.chars().count()))
}

fn input(out: &mut String, account: &Account) -> fmt::Result {
    let counts = &account.feedback;
    writeln!(
        out,
        "{}, observed until {}.",
        account.input,
        day(Some(account.observed_until))
    )?;
    write!(
        out,
        "{} pieces of feedback accepted, {} rejected",
        counts.accepted, counts.rejected
    )?;
    if counts.duplicates > 0 {
        write!(out, ", {} known before", counts.duplicates)?;
    }
    writeln!(out, ".")?;
    for rejection in counts.rejections.iter().take(SHOWN_REJECTIONS) {
        writeln!(out, "  line {}: {}", rejection.line, rejection.reason)?;
    }
    if counts.rejections.len() > SHOWN_REJECTIONS {
        writeln!(
            out,
            "  … and {} more lines; --report lists them all.",
            counts.rejections.len() - SHOWN_REJECTIONS
        )?;
    }
    let people = account.customers;
    if people.profiles > 0 {
        writeln!(
            out,
            "{} customers became profiles. The demo decided for them, by a hash of their id, about being told what \
             changed: {} allow it by mail, {} refused, {} never decided, {} allow it and have no address. Addresses \
             it made up are under example.com.",
            people.profiles, people.granted, people.refused, people.never_decided, people.no_address
        )?;
    }
    Ok(())
}

fn talked_about(out: &mut String, account: &Account) -> fmt::Result {
    let Some(first) = account.themes.first() else {
        return writeln!(out, "No two people talked about the same.");
    };
    writeln!(
        out,
        "From {} to {}, in their own words; nobody told the platform what to look for.",
        day(first.start),
        day(first.end)
    )?;
    for theme in &account.themes {
        let growth = match theme.growth {
            Some(growth) if growth >= 1.5 => format!(", {growth:.1} times as many as in the days before"),
            Some(growth) if growth <= 0.67 => format!(", after {} in the days before", theme.texts_before),
            Some(_) => ", as before".to_owned(),
            None => ", new".to_owned(),
        };
        writeln!(out, "\n■ {}\n  {} texts{growth}", theme.label, theme.texts)?;
        for quote in theme.quotes.iter().take(SHOWN_THEME_QUOTES) {
            writeln!(out, "    “{}”", shortened(quote))?;
        }
    }
    Ok(())
}

fn found(out: &mut String, issue: &IssueAccount) -> fmt::Result {
    writeln!(out, "\n■ {}", issue.title)?;
    writeln!(
        out,
        "  found {}, by looking at everything said since {}",
        day(issue.opened_at),
        day(issue.window_start)
    )?;
    writeln!(
        out,
        "  because: {} mentions where {:.1} were to be expected; p = {}, q = {} among {} tests, from {} comparable \
         windows",
        issue.observed,
        issue.expected,
        issue.p_value.map_or_else(|| "unknown".to_owned(), probability),
        probability(issue.q_value),
        issue.tested,
        issue.comparable_windows
    )?;
    course::print(out, &issue.days)?;
    writeln!(
        out,
        "  frozen: {} customers, {} complaints",
        issue.cohort, issue.evidence
    )?;
    if !issue.keywords.is_empty() {
        writeln!(out, "  in people's words: {}", issue.keywords.join(", "))?;
    }
    for quote in issue.quotes.iter().take(SHOWN_QUOTES) {
        writeln!(out, "    “{}”", shortened(quote))?;
    }
    if let Some(ended) = issue.subsided_at {
        writeln!(
            out,
            "  its volume was back in the usual range by {}",
            day(Some(ended))
        )?;
    }
    match issue.closed_at {
        Some(closed) => writeln!(
            out,
            "  closed {}: an improvement was proven to help",
            day(Some(closed))
        ),
        None => writeln!(out, "  not closed: it is {}", issue.state),
    }
}

fn done(out: &mut String, initiative: &InitiativeAccount) -> fmt::Result {
    writeln!(out, "  initiative: {}", initiative.hypothesis)?;
    writeln!(out, "    owner {}; it is {}", initiative.owner, initiative.state)?;
    for iteration in &initiative.iterations {
        judged(out, iteration)?;
    }
    match &initiative.open_iteration {
        Some(iteration) => open(out, iteration),
        None => Ok(()),
    }
}

fn judged(out: &mut String, iteration: &IterationAccount) -> fmt::Result {
    writeln!(
        out,
        "    iteration {}, rolled out {}: {}",
        iteration.number,
        day(iteration.rolled_out_at),
        iteration.change
    )?;
    telling(out, &iteration.told)?;
    writeln!(
        out,
        "      verdict {}: {}",
        day(iteration.decided_at),
        iteration.verdict.to_uppercase()
    )?;
    if let (Some(effect), Some([low, high])) = (iteration.effect, iteration.interval) {
        write!(
            out,
            "      effect on the share {:+.1} points, {:.0} % interval {:+.1} to {:+.1}",
            effect * 100.0,
            iteration.level * 100.0,
            low * 100.0,
            high * 100.0
        )?;
        if let Some(relative) = iteration.relative_effect {
            write!(out, " ({:+.0} %)", relative * 100.0)?;
        }
        writeln!(out, "; n = {} after, {} before", iteration.n, iteration.n_before)?;
    } else {
        writeln!(
            out,
            "      no effect can be stated; n = {} after, {} before",
            iteration.n, iteration.n_before
        )?;
    }
    writeln!(out, "      because {}", iteration.reason)
}

fn open(out: &mut String, iteration: &OpenIteration) -> fmt::Result {
    let number = iteration.number;
    if iteration.rolled_out_at.is_none() {
        let because = if iteration.because.is_empty() {
            String::new()
        } else {
            format!(" because {}", iteration.because)
        };
        return writeln!(
            out,
            "    iteration {number}, planned{because}; not rolled out: nothing more went live that the data \
             could still judge"
        );
    }
    writeln!(
        out,
        "    iteration {number}, rolled out {}: {}",
        day(iteration.rolled_out_at),
        iteration.change
    )?;
    telling(out, &iteration.told)?;
    writeln!(
        out,
        "      no verdict: the data end before its next look, {}",
        day(iteration.next_look)
    )
}

fn telling(out: &mut String, told: &Told) -> fmt::Result {
    writeln!(out, "      told: {}", in_words(told))
}

fn in_words(told: &Told) -> String {
    let mut text = format!("{} sent", told.sent);
    if !told.blocked.is_empty() {
        let reasons: Vec<String> = told
            .blocked
            .iter()
            .map(|(reason, count)| format!("{} {count}", reason.replace('_', " ")))
            .collect();
        let _ = write!(
            text,
            ", {} blocked ({})",
            told.blocked_in_all(),
            reasons.join(", ")
        );
    }
    if told.failed > 0 {
        let _ = write!(text, ", {} failed", told.failed);
    }
    let _ = write!(text, ", {} pending", told.pending);
    text
}

fn trace(out: &mut String, account: &Account, issue: &IssueAccount) -> fmt::Result {
    let Some(trace) = account.traces.iter().find(|trace| trace.issue == issue.issue_id) else {
        return Ok(());
    };
    writeln!(
        out,
        "  trace {}: from complaint {} forward it was {}; back from there lie {} complaints",
        if trace.complete { "complete" } else { "INCOMPLETE" },
        trace.from_feedback,
        trace.reached.join(", "),
        trace.complaints
    )
}

fn told(out: &mut String, account: &Account) -> fmt::Result {
    writeln!(out, "{}.", in_words(&account.told))?;
    let mails = account.mails;
    writeln!(
        out,
        "The mail server received {} mails to customers ({}) and {} to departments.",
        mails.to_customers,
        if mails.as_told {
            "as many as are recorded as sent"
        } else {
            "NOT as many as are recorded as sent"
        },
        mails.to_departments
    )
}

fn not_claimed(out: &mut String, account: &Account) -> fmt::Result {
    let before = out.len();
    for notice in &account.notices {
        writeln!(
            out,
            "- {} {}: {}",
            notice.kind, notice.product, notice.description
        )?;
    }
    if !account.real_changes && !account.initiatives.is_empty() {
        writeln!(
            out,
            "- The input says of no change that it went live. The rollouts above were declared by the demo for the \
             sake of showing them; nothing is known to have been improved."
        )?;
    }
    let judged = || {
        account
            .initiatives
            .iter()
            .flat_map(|initiative| &initiative.iterations)
    };
    if !account.initiatives.is_empty() && !judged().any(|iteration| iteration.verdict == "effective") {
        writeln!(out, "- No improvement is claimed to have helped.")?;
    }
    for issue in account
        .issues
        .iter()
        .filter(|issue| issue.subsided_at.is_some() && issue.closed_at.is_none())
    {
        writeln!(
            out,
            "- {} passed, but nobody has shown that anything done was the reason.",
            issue.title
        )?;
    }
    if out.len() == before {
        writeln!(out, "Nothing was left open.")?;
    }
    Ok(())
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

fn day(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(
        || "at no known time".to_owned(),
        |at| at.format("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

fn probability(p: f64) -> String {
    if p >= 0.001 {
        format!("{p:.3}")
    } else {
        format!("{p:.0e}")
    }
}

fn shortened(quote: &str) -> String {
    let quote = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    if quote.chars().count() <= LONGEST_QUOTE {
        return quote;
    }
    let start: String = quote.chars().take(LONGEST_QUOTE).collect();
    format!("{start}…")
}
