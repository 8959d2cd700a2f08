//! A frame and its claims become a sentence. Nothing stands in it that is not the frame's or the evidence's.

use crate::domain::claim::Claim;
use crate::domain::evidence::Value;
use crate::domain::frame::{Frame, FrameId, Part, Slot, What, frames};
use crate::domain::grade::Grade;
use crate::domain::metric::Metric;
use crate::domain::verb;
use crate::engine::intervene;

/// A claim that cannot be said: a number its kind needs is missing.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("claim {claim}: {reason}")]
pub struct Refused {
    /// The claim.
    pub claim: String,
    /// What is missing or wrong.
    pub reason: String,
}

impl Refused {
    pub(super) fn new(claim: &Claim, reason: impl Into<String>) -> Self {
        Self { claim: claim.id.to_string(), reason: reason.into() }
    }
}

/// The sentence of a frame for its claims, the first of which fills the slots that name no other.
///
/// # Errors
/// When the catalogue has no such frame, or a slot has nothing to show.
pub fn render(frame: &FrameId, claims: &[&Claim]) -> Result<String, Refused> {
    let first = claims.first().ok_or_else(|| Refused { claim: String::new(), reason: "no claim".to_owned() })?;
    let (_, parts) = frames().get(frame).ok_or_else(|| Refused::new(first, format!("there is no frame {frame}")))?;
    said(parts, first, claims.get(1).copied())
}

/// The frame with which the template says a claim: a plain one; `turn` varies it, so that ten usual values do not read
/// like a table.
#[must_use]
pub fn plain(claim: &Claim, turn: usize) -> Option<&'static Frame> {
    let of_claim: Vec<&Frame> = frames().all().filter(|frame| frame.is_of_template() && frame.serves(claim)).collect();
    of_claim.get(turn.checked_rem(of_claim.len())?).copied()
}

fn said(parts: &[Part], claim: &Claim, second: Option<&Claim>) -> Result<String, Refused> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(own) => text.push_str(own),
            Part::Slot(slot) => text.push_str(&filled(slot, claim, second)?),
            // What has nothing to show is left out, with the words around it.
            Part::Optional(inner) => text.push_str(&said(inner, claim, second).unwrap_or_default()),
        }
    }
    Ok(text)
}

fn filled(slot: &Slot, claim: &Claim, second: Option<&Claim>) -> Result<String, Refused> {
    let claim = if slot.second { second.ok_or_else(|| Refused::new(claim, "no second claim"))? } else { claim };
    let shown = match &slot.what {
        What::Metric => claim.metric.map(|metric| metric.label().to_owned()),
        What::Other => claim.code.as_deref().and_then(|key| key.parse().ok()).map(|m: Metric| m.label().to_owned()),
        What::Last => Some(claim.evidence.window.last.to_string()),
        What::BaselineLast => claim.evidence.baseline.map(|window| window.last.to_string()),
        What::Averaged => claim.grade.and_then(verb::level).map(str::to_owned),
        What::Moved => claim.grade.zip(claim.direction).and_then(|(g, d)| verb::change(g, d)).map(str::to_owned),
        What::Linked => linked(claim).map(str::to_owned),
        What::Effect => effect(claim).map(str::to_owned),
        What::Interval => interval(claim),
        What::Sure => sure(claim),
        What::Chance => Some(if claim.grade == Some(Grade::C) { "; this could be chance" } else { "" }.to_owned()),
        What::When => Some(when(claim)),
        What::Parts => Some(super::claims::score_parts(claim)).filter(|parts| !parts.is_empty()),
        What::Try => claim.code.as_deref().and_then(intervene::entry).map(|entry| entry.phrase.clone()),
        What::Number(name) => claim.evidence.value(name).map(Value::said),
    };
    shown.ok_or_else(|| Refused::new(claim, format!("{slot} is missing")))
}

fn effect(claim: &Claim) -> Option<&'static str> {
    verb::effect(claim.grade?, claim.conduct.as_ref()?, claim.direction?)
}

fn linked(claim: &Claim) -> Option<&'static str> {
    verb::association(claim.grade?, claim.way_of_link()?)
}

fn interval(claim: &Claim) -> Option<String> {
    let [level, low, high] = ["interval_pct", "interval_low", "interval_high"].map(|name| claim.evidence.value(name));
    let (low, high) = (low?, high?);
    // One unit stands for both ends, but not for hours and minutes.
    let hours = low.is_said_in_hours() || high.is_said_in_hours();
    let low = if hours { low.said() } else { low.shown() };
    Some(format!("{} interval {low} to {}", level?.said(), high.said()))
}

fn sure(claim: &Claim) -> Option<String> {
    let value = claim.evidence.value("confidence")?;
    Some(format!("{} ({})", verb::confidence(value.value), value.shown()))
}

fn when(claim: &Claim) -> String {
    match claim.evidence.value("lag").filter(|lag| lag.value > 0.0) {
        Some(lag) => format!("{} {} earlier", lag.shown(), lag.unit),
        None => "on the same day".to_owned(),
    }
}
