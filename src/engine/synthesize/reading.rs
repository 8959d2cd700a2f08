//! The reading of a sentence against its frame: every piece is read back from the letters and compared with the evidence.
//!
//! It shares no code with the renderer: where that writes a number, this reads one. What is read to the end and agrees
//! everywhere holds nothing that the frame and the claims do not.

use crate::domain::claim::{Claim, Direction};
use crate::domain::day::LocalDay;
use crate::domain::evidence::Value;
use crate::domain::frame::{Part, Slot, What};
use crate::domain::grade::Grade;
use crate::domain::metric::Metric;
use crate::domain::verb;
use crate::engine::intervene;

/// Whether a sentence is what its frame says of its claims, to the last letter.
#[must_use]
pub fn says(parts: &[Part], claims: &[&Claim], text: &str) -> bool {
    read(parts, claims, text) == Some("")
}

/// What is left of a text once its parts are read; `None` when one of them is not what stands there.
fn read<'t>(parts: &[Part], claims: &[&Claim], mut text: &'t str) -> Option<&'t str> {
    for part in parts {
        text = match part {
            Part::Text(own) => text.strip_prefix(own.as_str())?,
            Part::Slot(slot) => slot_of(slot, claims, text)?,
            Part::Optional(inner) if has_all(inner, claims) => read(inner, claims, text)?,
            Part::Optional(_) => text,
        };
    }
    Some(text)
}

/// Whether the evidence has something for every slot of a part that may be left out.
fn has_all(parts: &[Part], claims: &[&Claim]) -> bool {
    parts.iter().all(|part| match part {
        Part::Slot(slot) => claims.get(usize::from(slot.second)).is_some_and(|claim| match &slot.what {
            What::Number(name) => claim.evidence.values.iter().any(|value| value.name == *name),
            What::BaselineLast => claim.evidence.baseline.is_some(),
            What::Parts => crate::engine::synthesize::claims::SCORED
                .iter()
                .any(|metric| claim.evidence.values.iter().any(|value| value.name == metric.key())),
            _ => true,
        }),
        Part::Text(_) | Part::Optional(_) => true,
    })
}

fn slot_of<'t>(slot: &Slot, claims: &[&Claim], text: &'t str) -> Option<&'t str> {
    let claim = claims.get(usize::from(slot.second))?;
    match &slot.what {
        What::Metric => text.strip_prefix(claim.metric?.label()),
        What::Other => text.strip_prefix(claim.code.as_deref()?.parse::<Metric>().ok()?.label()),
        What::Last => date(text, claim.evidence.window.last),
        What::BaselineLast => date(text, claim.evidence.baseline?.last),
        What::Averaged => text.strip_prefix(verb::level(claim.grade?)?),
        What::Moved => text.strip_prefix(verb::change(claim.grade?, claim.direction?)?),
        What::Linked => {
            let way = if value(claim, "r")?.value < 0.0 { Direction::Lower } else { Direction::Higher };
            text.strip_prefix(verb::association(claim.grade?, way)?)
        }
        What::Effect => text.strip_prefix(verb::effect(claim.grade?, &claim.conduct?, claim.direction?)?),
        What::Interval => {
            let rest = number(text, claim, "interval_pct", true)?.strip_prefix(" interval ")?;
            let ends = ["interval_low", "interval_high"].map(|name| value(claim, name));
            let hours = ends.into_iter().flatten().any(in_hours);
            let rest = number(rest, claim, "interval_low", hours)?.strip_prefix(" to ")?;
            number(rest, claim, "interval_high", true)
        }
        What::Sure => {
            let words = verb::confidence(value(claim, "confidence")?.value);
            let rest = text.strip_prefix(words)?.strip_prefix(" (")?;
            number(rest, claim, "confidence", true)?.strip_prefix(')')
        }
        What::Chance if claim.grade == Some(Grade::C) => text.strip_prefix("; this could be chance"),
        What::Chance => Some(text),
        What::When if value(claim, "lag").is_some_and(|lag| lag.value > 0.0) => {
            number(text, claim, "lag", true)?.strip_prefix(" earlier")
        }
        What::When => text.strip_prefix("on the same day"),
        What::Parts => score_parts(claim, text),
        What::Try => text.strip_prefix(intervene::entry(claim.code.as_deref()?)?.phrase.as_str()),
        What::Number(name) => number(text, claim, name, true),
    }
}

fn value<'c>(claim: &'c Claim, name: &str) -> Option<&'c Value> {
    claim.evidence.values.iter().find(|value| value.name == name)
}

fn date(text: &str, day: LocalDay) -> Option<&str> {
    let (written, rest) = text.split_at_checked(10)?;
    let plain =
        written.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    (plain && written.parse() == Ok(day)).then_some(rest)
}

/// Reads a number of the evidence: the same value with the same decimals, followed by its unit where one is due.
fn number<'t>(text: &'t str, claim: &Claim, name: &str, with_unit: bool) -> Option<&'t str> {
    let value = value(claim, name)?;
    if with_unit && in_hours(value) {
        return hours_and_minutes(text, value);
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '-' || c == '.')).unwrap_or(text.len());
    let written = text[..end].trim_end_matches('.');
    let read: f64 = written.parse().ok()?;
    let decimals = written.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let close = (read - value.value).abs() < 0.4 * libm::pow(10.0, -f64::from(value.decimals));
    let signed = written.starts_with('-') == value.value.is_sign_negative();
    let rest = (close && signed && decimals == value.decimals as usize).then(|| &text[written.len()..])?;
    if with_unit && !value.unit.is_empty() {
        rest.strip_prefix(' ')?.strip_prefix(value.unit.as_str())
    } else {
        Some(rest)
    }
}

/// Whether a number is one of whole minutes that fill an hour: it is said in hours and minutes.
fn in_hours(value: &Value) -> bool {
    value.unit == "min" && value.decimals == 0 && value.value.abs() >= 60.0
}

/// Reads hours and minutes, which must come to the same minutes.
fn hours_and_minutes<'t>(text: &'t str, value: &Value) -> Option<&'t str> {
    let text = if value.value < 0.0 { text.strip_prefix('-')? } else { text };
    let (hours, rest) = text.split_once(" h ")?;
    let (minutes, rest) = rest.split_once(" min")?;
    let whole = |digits: &str| {
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        digits.parse::<u32>().ok().filter(|_| plain)
    };
    let (hours, minutes) = (whole(hours)?, whole(minutes).filter(|minutes| *minutes < 60)?);
    let whole = hours.checked_mul(60)?.checked_add(minutes)?;
    (f64::from(whole) == value.value.abs()).then_some(rest)
}

/// The names of what a score was made of, in their order, separated by commas.
fn score_parts<'t>(claim: &Claim, mut text: &'t str) -> Option<&'t str> {
    let mut first = true;
    for metric in super::claims::SCORED.iter().filter(|metric| value(claim, metric.key()).is_some()) {
        if !first {
            text = text.strip_prefix(", ")?;
        }
        first = false;
        text = text.strip_prefix(metric.label())?;
    }
    Some(text)
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
