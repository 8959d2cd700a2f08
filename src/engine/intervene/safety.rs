//! Whether a suggestion may be made, and what was checked to tell.

use crate::domain::evidence::Window;
use crate::domain::intervention::{CatalogueEntry, Proposal, RiskLevel, SafetyDecision, is_modest};
use crate::domain::metric::Metric;
use crate::domain::profile::Profile;
use crate::domain::safety::{Decision, Subject, allowance, contradicts};
use crate::domain::state::PersonState;
use crate::engine::history::DayValue;
use crate::engine::model::Moments;
use crate::engine::run::Run;

/// Why a suggestion waits for a human.
pub(super) const HIGH_RISK: &str = "human_review_needed";
/// Days that say how much a metric varies now, and days that say how much is usual.
const NOW_DAYS: u32 = 3;
const USUAL_DAYS: u32 = 60;
/// Days without which no spread is usual.
const FEWEST: usize = 14;
/// Days without data after which what was found is how things were.
const LONG_AGO: i64 = 14;
/// How many times the usual spread is unsteady.
const UNSTEADY: f64 = 2.0;

/// The safety decision of an entry for a profile.
#[must_use]
pub fn decision(entry: &CatalogueEntry, profile: &Profile) -> SafetyDecision {
    let declared =
        if profile.is_declared() { "profile declared" } else { "profile not declared: only low-risk information" };
    let condition = match speaks_against(entry, profile) {
        true => "a declared condition speaks against it",
        false => "no declared condition speaks against it",
    };
    SafetyDecision {
        risk_level: entry.risk,
        evidence_grade: entry.literature_grade,
        boundary: entry.boundary,
        load: entry.load,
        topics: entry.topics.clone(),
        checks: vec![
            declared.to_owned(),
            condition.to_owned(),
            "compared with every standing safety notice".to_owned(),
            "compared with every open suggestion".to_owned(),
        ],
    }
}

fn speaks_against(entry: &CatalogueEntry, profile: &Profile) -> bool {
    profile.conditions.iter().flatten().any(|condition| entry.contraindications.contains(condition))
}

/// Why an entry is not for this person now, whatever was found: the profile and the standing notices.
#[must_use]
pub fn refusal(entry: &CatalogueEntry, state: &PersonState) -> Option<&'static str> {
    if speaks_against(entry, &state.profile) {
        return Some("contraindicated");
    }
    if !state.profile.is_declared() && !is_modest(entry.risk, entry.boundary) {
        return Some("profile_not_declared");
    }
    allowance(state).permits(&decision(entry, &state.profile)).err()
}

/// Why what an experiment tries is not for this person now; what the catalogue no longer knows is not taken for safe.
#[must_use]
pub fn refused(intervention: &str, state: &PersonState) -> Option<&'static str> {
    match super::entry(intervention) {
        Some(entry) => refusal(entry, state),
        None => Some("not_in_the_catalogue"),
    }
}

/// Why a suggestion is held back now.
pub(super) fn held_back(run: &Run<'_>, entry: &CatalogueEntry, proposal: &Proposal) -> Option<&'static str> {
    if let Some(reason) = refusal(entry, &run.state) {
        return Some(reason);
    }
    let asked = |subject: Subject| {
        let mut reviews = run.state.reviews.values().filter(move |held| held.review.subject == subject);
        reviews.next().map(|held| held.decision)
    };
    let cleared = asked(Subject::Intervention(proposal.id)) == Some(Some(Decision::Clear));
    if entry.risk == RiskLevel::High && !cleared {
        return Some(HIGH_RISK);
    }
    // Until a reviewer has spoken, low-risk information may be given; once they have kept their doubt, nothing is.
    let may_rest_on_it = match asked(Subject::Insight(proposal.insight_id)) {
        None | Some(Some(Decision::Clear)) => true,
        Some(None) => is_modest(entry.risk, entry.boundary),
        Some(Some(Decision::Keep)) => false,
    };
    if !may_rest_on_it {
        return Some("finding_needs_human_review");
    }
    if let Some(reason) = rests(run, proposal.metric) {
        return Some(reason);
    }
    contradicts(&run.state, proposal).map(|_| "contradicts_an_open_suggestion")
}

/// Why nothing is suggested about a metric now, whatever was found: how it is now cannot be told.
pub(super) fn rests(run: &Run<'_>, metric: Metric) -> Option<&'static str> {
    if run.state.newest_data.is_none_or(|newest| run.day.days_since(newest) > LONG_AGO) {
        return Some("data_are_old");
    }
    is_unsteady(run, metric).then_some("signal_is_unsteady")
}

/// Whether a metric varies more than twice as much over the last three days as over the 60 before.
pub(super) fn is_unsteady(run: &Run<'_>, metric: Metric) -> bool {
    let now = Window::ending(run.analysed, NOW_DAYS);
    let before = Window::ending(now.first.minus(1), USUAL_DAYS);
    let days = run.history.days(metric, now.last);
    let split = days.partition_point(|day| day.day < now.first);
    let usual = &days[days.partition_point(|day| day.day < before.first)..split];
    let recent = &days[split..];
    if recent.len() < NOW_DAYS as usize || usual.len() < FEWEST {
        return false;
    }
    let spread = |days: &[DayValue]| Moments::of(days.iter().map(|day| day.value)).sd();
    spread(recent) > UNSTEADY * spread(usual)
}

#[cfg(test)]
#[path = "safety_tests.rs"]
mod tests;
