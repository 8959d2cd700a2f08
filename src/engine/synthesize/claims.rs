//! Which claims a narrative may make today, in the order in which they matter.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{held_back, template};
use crate::domain::claim::{Claim, ClaimId, ClaimKind, Period};
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::experiment::{Conduct, Evaluation, is_news};
use crate::domain::feedback::Feedback;
use crate::domain::grade::Design;
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::intervention::ProposalStatus;
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::domain::safety::{SafetyNotice, allowance};
use crate::domain::score::Band;
use crate::engine::run::{Run, offset_on};

/// Metrics whose usual value a person is told first.
const SALIENT: [Metric; 13] = [
    Metric::SleepDuration,
    Metric::RestingHeartRate,
    Metric::HrvRmssd,
    Metric::RecoveryScore,
    Metric::Steps,
    Metric::Stress,
    Metric::SleepEfficiency,
    Metric::Strain,
    Metric::RespiratoryRate,
    Metric::BodyBattery,
    Metric::SleepScore,
    Metric::HrvSdnn,
    Metric::ActivityDuration,
];
/// Metrics whose latest value is worth saying by itself.
const LATEST: [Metric; 4] =
    [Metric::SleepDuration, Metric::RestingHeartRate, Metric::HrvRmssd, Metric::ActivityDuration];
/// What a readiness score may be made of.
pub(crate) const SCORED: [Metric; 5] =
    [Metric::Steps, Metric::RestingHeartRate, Metric::SleepDuration, Metric::Stress, Metric::HrvRmssd];
/// How many usual values and links stand in one text.
const fn most(period: Period) -> (usize, usize) {
    match period {
        Period::Daily => (3, 1),
        Period::Weekly => (4, 2),
    }
}
/// Metrics of which a text about a week gives the mean.
const MOST_MEANS: usize = 6;
/// Days a text about a week looks back on.
const WEEK: u32 = 7;
/// Days of a week without which no mean of it is given.
const FEWEST_OF_WEEK: usize = 3;

/// The claims of a run, most salient first.
#[must_use]
pub fn claims(run: &Run<'_>, period: Period) -> Vec<Claim> {
    let allowed = allowance(&run.state);
    let mut claims = notices(run);
    claims.extend(newest_data(run));
    if !allowed.analysis {
        claims.push(fact(
            run,
            "state.analysis_stopped",
            ClaimKind::State,
            run.day,
            Some("analysis_stopped"),
            Vec::new(),
        ));
        return claims;
    }
    let spoken_of = claims.len();
    let (most_levels, most_links) = most(period);
    claims.extend(match period {
        Period::Daily => day_score(run),
        Period::Weekly => week_score(run),
    });
    let rank = |metric: Metric| SALIENT.iter().position(|m| *m == metric).unwrap_or(SALIENT.len());
    // What the person disputes is not told, nor what may not be shown, and what they found useful comes first.
    let shown = |i: &&Insight| run.state.shows(&allowed, i.names(), &i.evidence.sources);
    let told = run.state.insights.values().filter(|insight| !run.state.is_disputed(insight, run.day));
    let mut open: Vec<&Insight> = told.filter(shown).collect();
    let useful = |i: &Insight| run.state.said_of(i).is_some_and(|given| given.feedback == Feedback::Useful);
    open.sort_by_key(|i| (Reverse(useful(i)), rank(i.metric), i.metric, i.kind));
    claims.extend(open.iter().filter(|i| InsightKind::MOVES.contains(&i.kind)).map(|i| insight(i)));
    // Of links the best comes first: what was confirmed says more than what was only found.
    let mut links = open.clone();
    links.sort_by_key(|link| (link.grade, Reverse(useful(link)), Reverse(link.day)));
    let mut news: Vec<_> = run.state.evaluations.values().filter(|e| is_news(e.day, run.day)).collect();
    news.sort_by_key(|e| (Reverse(e.day), e.id));
    claims.extend(news.into_iter().map(|e| {
        let mut claim = evaluation(e);
        // While a notice stands, nothing that was tried is said to have brought anything about.
        claim.conduct =
            claim.conduct.map(|c| Conduct { suppressed: c.suppressed || !run.state.notices.is_empty(), ..c });
        claim
    }));
    match period {
        Period::Daily => claims.extend(LATEST.iter().filter_map(|metric| latest(run, *metric))),
        Period::Weekly => {
            claims.extend(SALIENT.iter().filter_map(|metric| mean_of_week(run, *metric)).take(MOST_MEANS))
        }
    }
    claims.extend(of_kind(&open, InsightKind::Level, most_levels));
    claims.extend(of_kind(&links, InsightKind::Association, most_links));
    claims.extend(suggestions(run));
    if open.iter().all(|i| i.kind != InsightKind::Level) {
        claims.extend(of_kind(&open, InsightKind::InsufficientData, 3));
    }
    claims.extend(held_back::called_off(run));
    claims.extend(held_back::states(run));
    let rest = claims.split_off(spoken_of).into_iter();
    claims.extend(rest.filter(|claim| run.state.shows(&allowed, claim.names(), &claim.evidence.sources)));
    // What reads the same is said once, however many things it is about.
    let mut read = BTreeSet::new();
    claims.retain(|claim| template::sentence(claim, 0).map_or(true, |(_, text)| read.insert(text)));
    claims
}

/// The claims of the standing notices, the most urgent first.
#[must_use]
pub fn notices(run: &Run<'_>) -> Vec<Claim> {
    run.state.standing_notices().into_iter().map(|held| notice(held, run.day)).collect()
}

/// The claim that a notice stands on a day.
#[must_use]
pub fn notice(held: &SafetyNotice, day: LocalDay) -> Claim {
    Claim {
        id: ClaimId::new(&held.notice.id.to_string(), day),
        kind: ClaimKind::Notice,
        metric: held.evidence.metric,
        grade: None,
        design: Design::Observational,
        direction: None,
        conduct: None,
        code: Some(held.notice.rule.key().to_owned()),
        evidence: held.evidence.clone(),
    }
}

fn of_kind(open: &[&Insight], kind: InsightKind, most: usize) -> Vec<Claim> {
    open.iter().filter(|i| i.kind == kind).take(most).map(|i| insight(i)).collect()
}

/// The claim a statement makes as it stands.
#[must_use]
pub fn insight(insight: &Insight) -> Claim {
    let graded = insight.kind.claim().is_graded();
    Claim {
        id: ClaimId::new(&insight.id.to_string(), insight.day),
        kind: insight.kind.claim(),
        metric: Some(insight.metric),
        grade: graded.then_some(insight.grade),
        design: insight.design,
        direction: insight.direction,
        code: insight
            .with
            .map(|other| other.key().to_owned())
            .or_else(|| (!graded).then(|| insight.kind.key().to_owned())),
        conduct: None,
        evidence: insight.evidence.clone(),
    }
}

/// The claim an evaluation makes.
#[must_use]
pub fn evaluation(evaluation: &Evaluation) -> Claim {
    Claim {
        id: ClaimId::new(&evaluation.id.to_string(), evaluation.day),
        kind: ClaimKind::Experiment,
        metric: Some(evaluation.metric),
        grade: Some(evaluation.grade),
        design: evaluation.design,
        direction: evaluation.moved,
        code: Some(evaluation.verdict.key().to_owned()),
        conduct: Some(evaluation.conduct),
        evidence: evaluation.evidence.clone(),
    }
}

/// A claim about one day that states a fact of the log.
pub(super) fn fact(
    run: &Run<'_>,
    entity: &str,
    kind: ClaimKind,
    day: LocalDay,
    code: Option<&str>,
    values: Vec<Value>,
) -> Claim {
    Claim {
        id: ClaimId::new(entity, day),
        kind,
        metric: None,
        grade: None,
        design: Design::Observational,
        direction: None,
        code: code.map(str::to_owned),
        conduct: None,
        evidence: Evidence {
            metric: None,
            sources: Vec::new(),
            window: Window::ending(day, 1),
            baseline: None,
            input_revision: run.input_revision,
            values,
        },
    }
}

fn newest_data(run: &Run<'_>) -> Option<Claim> {
    let newest = run.state.newest_data.map(|newest| newest.min(run.day))?;
    let age = run.day.days_since(newest);
    if age < 2 {
        return None;
    }
    let values = vec![Value::new("days_old", age as f64, "days", 0)];
    Some(fact(run, "newest_data", ClaimKind::State, newest, Some("newest_data"), values))
}

fn day_score(run: &Run<'_>) -> Option<Claim> {
    let score = *run.state.scores.get(&run.analysed)?;
    let mut values = vec![Value::new("score", score.into(), "", 0), Value::new("score_max", 100.0, "", 0)];
    if let Some(before) = run.state.scores.get(&run.analysed.minus(1)) {
        values.push(Value::new("previous_score", (*before).into(), "", 0));
        values.push(Value::new("delta", f64::from(score) - f64::from(*before), "", 0));
    }
    // No text urges a person on while a notice stands.
    let urges = Band::of(score) == Band::GoForIt && !run.state.notices.is_empty();
    let band = if urges { "withheld" } else { Band::of(score).key() };
    let mut claim = fact(run, "day_score", ClaimKind::DayScore, run.analysed, Some(band), values);
    claim.evidence.sources = scored_by(run, Window::ending(run.analysed, 2));
    let begun = run.analysed.end(offset_on(&run.state, run.analysed)) - chrono::Duration::days(1);
    let hours = run.now.map_or(24, |now| (now - begun).num_hours());
    if run.analysed == run.day && (0..23).contains(&hours) {
        claim.evidence.values.push(Value::new("hours_so_far", hours as f64, "h", 0));
    }
    let flags = run.state.profile.score_flags;
    let counts = |metric| match metric {
        Metric::SleepDuration => flags.sleep,
        Metric::Stress => flags.stress,
        Metric::HrvRmssd => flags.hrv,
        _ => true,
    };
    for metric in SCORED.into_iter().filter(|metric| counts(*metric)) {
        let Some(part) = run.history.on(metric, run.analysed) else { continue };
        let (unit, decimals) = (metric.unit().symbol(), metric.definition().decimals);
        claim.evidence.values.push(Value::new(metric.key(), part.value, unit, decimals));
    }
    Some(claim)
}

/// The claim about a day's score, whether or not a text has made it.
#[must_use]
pub fn scored(day: LocalDay, evidence: Evidence) -> Claim {
    Claim {
        id: ClaimId::new("day_score", day),
        kind: ClaimKind::DayScore,
        metric: None,
        grade: None,
        design: Design::Observational,
        direction: None,
        code: None,
        conduct: None,
        evidence,
    }
}

/// What a score was made of, in words.
#[must_use]
pub fn score_parts(claim: &Claim) -> String {
    let there = SCORED.iter().filter(|metric| claim.evidence.value(metric.key()).is_some());
    there.map(|metric| metric.label()).collect::<Vec<_>>().join(", ")
}

/// Whose measurements may stand behind the scores of some days.
fn scored_by(run: &Run<'_>, window: Window) -> Vec<Provider> {
    let parts = SCORED.iter().flat_map(|metric| window.each().filter_map(|day| run.history.on(*metric, day)));
    Provider::distinct(parts.map(|part| part.provider))
}

fn week_score(run: &Run<'_>) -> Option<Claim> {
    let window = Window::ending(run.analysed, WEEK);
    let scores: Vec<f64> =
        run.state.scores.range(window.first..=window.last).map(|(_, score)| (*score).into()).collect();
    if scores.len() < FEWEST_OF_WEEK {
        return None;
    }
    let values = vec![
        Value::new("mean", scores.iter().sum::<f64>() / scores.len() as f64, "", 0),
        Value::new("score_max", 100.0, "", 0),
        Value::new("lowest", scores.iter().copied().fold(f64::INFINITY, f64::min), "", 0),
        Value::new("highest", scores.iter().copied().fold(0.0, f64::max), "", 0),
        Value::new("n", scores.len() as f64, "", 0),
        Value::new("window_days", WEEK.into(), "", 0),
    ];
    let mut claim = fact(run, "week_score", ClaimKind::DayScore, run.analysed, Some("week"), values);
    claim.evidence.window = window;
    claim.evidence.sources = scored_by(run, window);
    Some(claim)
}

fn mean_of_week(run: &Run<'_>, metric: Metric) -> Option<Claim> {
    let window = Window::ending(run.analysed, WEEK);
    let days = run.history.days(metric, run.analysed);
    let days = &days[days.partition_point(|d| d.day < window.first)..];
    if days.len() < FEWEST_OF_WEEK {
        return None;
    }
    let (unit, decimals) = (metric.unit().symbol(), metric.definition().decimals);
    let values = vec![
        Value::new("mean", days.iter().map(|d| d.value).sum::<f64>() / days.len() as f64, unit, decimals),
        Value::new("n", days.len() as f64, "", 0),
        Value::new("window_days", WEEK.into(), "", 0),
    ];
    let entity = format!("measured_week.{metric}");
    let mut claim = fact(run, &entity, ClaimKind::Measured, run.analysed, Some("week"), values);
    claim.metric = Some(metric);
    claim.evidence.metric = Some(metric);
    claim.evidence.window = window;
    claim.evidence.sources = Provider::distinct(days.iter().map(|d| d.provider));
    Some(claim)
}

fn latest(run: &Run<'_>, metric: Metric) -> Option<Claim> {
    let value = run.history.on(metric, run.analysed)?;
    let (unit, decimals) = (metric.unit().symbol(), metric.definition().decimals);
    let values = vec![
        Value::new("value", value.value, unit, decimals),
        Value::new("n", 1.0, "", 0),
        Value::new("window_days", 1.0, "", 0),
    ];
    let entity = format!("measured.{metric}");
    let mut claim = fact(run, &entity, ClaimKind::Measured, run.analysed, None, values);
    claim.metric = Some(metric);
    claim.evidence.metric = Some(metric);
    claim.evidence.sources = vec![value.provider];
    Some(claim)
}

fn suggestions(run: &Run<'_>) -> Vec<Claim> {
    let open = run.state.proposals.values().filter(|held| {
        held.status == ProposalStatus::Open && run.state.insights.contains_key(&held.proposal.insight_id)
    });
    let mut claims: Vec<Claim> = open
        .map(|held| {
            let proposal = &held.proposal;
            let (entity, code) = (proposal.id.to_string(), proposal.intervention.as_str());
            let mut claim = fact(run, &entity, ClaimKind::Suggestion, run.day, Some(code), Vec::new());
            claim.metric = Some(proposal.metric);
            claim.evidence.metric = Some(proposal.metric);
            claim.evidence.sources.clone_from(&proposal.sources);
            claim
        })
        .collect();
    // One suggestion of each kind is enough, however many statements lead to it.
    claims.sort_by(|a, b| (&a.code, a.metric).cmp(&(&b.code, b.metric)));
    claims.dedup_by(|a, b| a.code == b.code);
    claims
}
