//! The numbers of a sentence, read again: each stands in the evidence, with its unit and in its place.

use std::collections::BTreeSet;

use crate::domain::claim::{Claim, ClaimKind};
use crate::domain::evidence::Value;
use crate::domain::metric::Metric;

/// A text with its hours and minutes as minutes, in which the evidence has them.
pub(super) fn in_minutes(text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for at in 0..words.len().saturating_sub(3) {
        let [hours, unit, minutes, minute] = &words[at..at + 4] else { continue };
        let digits = hours.find(|c: char| c.is_ascii_digit()).unwrap_or(hours.len());
        let (before, number) = hours.split_at(digits);
        let (Ok(hours), Ok(minutes)) = (number.parse::<u32>(), minutes.parse::<u32>()) else { continue };
        let total = hours.checked_mul(60).and_then(|hours| hours.checked_add(minutes));
        if let Some(total) = total.filter(|_| unit == "h" && minute.starts_with("min") && minutes < 60) {
            words[at] = format!("{before}{total}");
            words[at + 1].clear();
            words[at + 2].clear();
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// A text without the names of metrics that hold a digit, as "heart-rate zone 1" does.
pub(super) fn without_names(text: &str, claims: &[&Claim]) -> String {
    let labels = claims.iter().flat_map(|c| [c.metric, second(c)]).flatten().map(Metric::label);
    let numbered = labels.filter(|label| label.bytes().any(|b| b.is_ascii_digit()));
    numbered.fold(text.to_owned(), |text, label| text.replace(label, ""))
}

/// Each date and number, with the unit that follows, is one of the evidence's.
pub(super) fn numbers(text: &str, claims: &[&Claim]) -> Result<(), &'static str> {
    let dates: BTreeSet<String> = claims
        .iter()
        .flat_map(|c| [Some(c.evidence.window), c.evidence.baseline])
        .flatten()
        .flat_map(|w| [w.first.to_string(), w.last.to_string()])
        .collect();
    let values: Vec<&Value> = claims.iter().flat_map(|c| &c.evidence.values).collect();
    let text = &*without_names(text, claims);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let rest = &text[at..];
        if let Some(date) = rest.get(..10).filter(|d| is_date(d)) {
            if !dates.contains(date) {
                return Err("dates_stand_in_the_evidence");
            }
            at += 10;
            continue;
        }
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let digits = rest[..length].trim_end_matches('.');
        let negative = at > 0 && bytes[at - 1] == b'-';
        let number = if negative { format!("-{digits}") } else { digits.to_owned() };
        let after = &rest[digits.len()..];
        let Some(value) = values.iter().find(|v| v.shown() == number && unit_follows(v, after)) else {
            return Err("numbers_stand_in_the_evidence");
        };
        // A unit may hold a digit itself, as "of 5" does.
        let unit = after.strip_prefix(' ').filter(|rest| !value.unit.is_empty() && rest.starts_with(&value.unit));
        at += digits.len() + unit.map_or(0, |_| 1 + value.unit.len());
    }
    Ok(())
}

/// A number that is compared stands on its side: after against before, the lower end of an interval before the upper.
pub(super) fn places(text: &str, claims: &[&Claim]) -> Result<(), &'static str> {
    let [claim] = claims else { return Ok(()) };
    let number_is = |number: Option<&str>, names: &[&str]| {
        names.iter().filter_map(|name| claim.evidence.value(name)).any(|v| Some(v.shown().as_str()) == number)
    };
    for (separator, left, right) in [
        (" against ", &["mean_after"][..], &["mean_before"][..]),
        (" interval ", &["interval_pct"][..], &["interval_low"][..]),
    ] {
        for (before, after) in text.match_indices(separator).map(|(at, s)| (&text[..at], &text[at + s.len()..])) {
            let unit = left.first().and_then(|name| claim.evidence.value(name)).map_or("", |v| v.unit.as_str());
            let before = before.strip_suffix(unit).unwrap_or(before).trim_end();
            if !number_is(number_before(before), left) || !number_is(number_after(after), right) {
                return Err("numbers_stand_in_their_place");
            }
        }
    }
    for (at, _) in text.match_indices(" interval ") {
        let upper = text[at..].split_once(" to ").and_then(|(_, rest)| number_after(rest));
        if !number_is(upper, &["interval_high"]) {
            return Err("numbers_stand_in_their_place");
        }
    }
    Ok(())
}

/// The number a text begins with, its sign included.
fn number_after(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(text.len());
    Some(text[..end].trim_end_matches('.')).filter(|number| !number.is_empty())
}

/// The last number of a text, its sign included.
fn number_before(text: &str) -> Option<&str> {
    text.split([' ', '(']).rev().find(|word| word.bytes().any(|b| b.is_ascii_digit()))
}

fn is_date(text: &str) -> bool {
    text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() })
}

/// A number with a unit is followed by it, or by the upper end of an interval that is.
fn unit_follows(value: &Value, after: &str) -> bool {
    if value.unit.is_empty() {
        return !after.starts_with(" %") && !after.starts_with('%');
    }
    let with_unit = |rest: &str| rest.strip_prefix(' ').is_some_and(|rest| rest.starts_with(&value.unit));
    if with_unit(after) {
        return true;
    }
    value.name == "interval_low"
        && after.strip_prefix(" to ").is_some_and(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(rest.len());
            with_unit(&rest[end..])
        })
}

/// The other metric of a claim about two.
pub(super) fn second(claim: &Claim) -> Option<Metric> {
    claim.code.as_deref().filter(|_| claim.kind == ClaimKind::Association)?.parse().ok()
}
