//! Links on a Monday, as statements raised, confirmed and withdrawn.

use std::borrow::Cow;

use super::link::{Adjusted, FEWEST_DAYS, Link};
use super::link_search::{
    CONFIRM_AT, FOLLOWERS, LEADS, LOOK_AFTER, REST_DAYS, SEARCHED_DAYS, is_looked_at, passing, since,
};
use super::point::Point;
use super::stated::{SUREST, stated};
use crate::domain::event::{InsightExpired, InsightRaised, InsightRenewed};
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::grade::{Design, Grade};
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::metric::{Cadence, Metric, round_to};
use crate::domain::provider::Provider;
use crate::domain::watch::Watch;
use crate::engine::observe::one_source;
use crate::engine::run::{Run, RunError};

/// Looks at what was raised, then searches the followers that are free.
pub(super) fn look_at_links(run: &mut Run<'_>) -> Result<(), RunError> {
    for follower in FOLLOWERS {
        if let Some(open) = run.state.open(InsightKind::Association, follower).cloned() {
            look(run, &open)?;
        }
    }
    let today = run.analysed.number();
    let free = |follower: &Metric| {
        let rests = run.state.links_rest.get(follower).is_some_and(|resume_on| today < *resume_on);
        !rests && run.state.open(InsightKind::Association, *follower).is_none()
    };
    let followers: Vec<Metric> = FOLLOWERS.into_iter().filter(free).collect();
    let adjusted =
        |metric: &Metric| Adjusted::new(&series(run, *metric, SEARCHED_DAYS), today, SEARCHED_DAYS, FEWEST_DAYS);
    let leading: Vec<_> = LEADS.iter().map(adjusted).collect();
    if leading.iter().all(Option::is_none) {
        return Ok(());
    }
    let following: Vec<_> = followers.iter().map(adjusted).collect();
    let found = passing(&leading, &following, |lead, of| is_looked_at(LEADS[lead], followers[of]));
    for (follower, link) in followers.into_iter().zip(found) {
        if let Some((lead, link, confidence)) = link {
            raise(run, LEADS[lead], follower, &link, confidence)?;
        }
    }
    Ok(())
}

/// The days of a metric; of one of activities those of its fullest source, and its days of rest.
fn series<'a>(run: &Run<'a>, metric: Metric, days: u32) -> Cow<'a, [Point]> {
    if metric.definition().cadence != Cadence::PerActivity {
        return Cow::Borrowed(run.history.points(metric, run.analysed));
    }
    // The present day is not over: that nothing was done so far is no rest.
    let over = if run.now.is_some() && run.analysed == run.day { run.analysed.minus(1) } else { run.analysed };
    let days = one_source::fullest(run.history, metric, Window::ending(run.analysed, days)).map(|source| {
        let window = Window::ending(over, days);
        one_source::with_rest(run.history, metric, window, source.provider, run.analysed)
    });
    Cow::Owned(days.into_iter().flatten().map(|(day, value)| Point { day: day.number(), value }).collect())
}

/// Whose measurements the days of a metric are, as [`series`] has them.
fn measured_by(run: &Run<'_>, metric: Metric, window: Window) -> Vec<Provider> {
    if metric.definition().cadence == Cadence::PerActivity {
        return one_source::fullest(run.history, metric, window).map(|source| source.provider).into_iter().collect();
    }
    let days = run.history.days(metric, run.analysed).iter().filter(|day| day.day >= window.first);
    Provider::distinct(days.map(|day| day.provider))
}

fn raise(run: &mut Run<'_>, lead: Metric, follower: Metric, link: &Link, confidence: f64) -> Result<(), RunError> {
    let window = Window::ending(run.analysed, SEARCHED_DAYS);
    let insight = statement(run, lead, follower, run.analysed, window, link, confidence, true);
    if insight.grade == Grade::D {
        run.below_threshold += 1;
        return Ok(());
    }
    run.emit(InsightRaised { insight, watch: None })
}

fn look(run: &mut Run<'_>, open: &Insight) -> Result<(), RunError> {
    let (looked_on, today) = (open.day.number(), run.analysed.number());
    let age = today.saturating_sub(looked_on);
    if age < LOOK_AFTER {
        return Ok(());
    }
    let number = |name: &str| open.evidence.value(name).map_or(0.0, |value| value.value);
    let (lag, positive) = (number("lag") as u16, number("r") > 0.0);
    let found = open.with.and_then(|lead| {
        let window = Window::ending(run.analysed, u32::try_from(age).ok()?);
        let points = |metric| series(run, metric, window.days);
        let (link, confidence) = since(&points(lead), &points(open.metric), looked_on, lag, positive, today)?;
        let insight = statement(run, lead, open.metric, open.first_day, window, &link, confidence, false);
        (confidence >= CONFIRM_AT && insight.grade < Grade::D).then_some(insight)
    });
    if let Some(insight) = found {
        return run.emit(InsightRenewed { insight, watch: None });
    }
    let confirmed_before = open.day > open.first_day;
    run.emit(InsightExpired {
        insight_id: open.id,
        metric: open.metric,
        day: run.analysed,
        reason: if confirmed_before { "no_longer_holds" } else { "not_confirmed" }.to_owned(),
        watch: Some(Watch::Idle { resume_on: Some(today.saturating_add(REST_DAYS)) }),
        sources: open.evidence.sources.clone(),
    })
}

#[expect(clippy::too_many_arguments, reason = "the parts of one statement, named where they are put together")]
fn statement(
    run: &Run<'_>,
    lead: Metric,
    follower: Metric,
    first_day: crate::domain::day::LocalDay,
    window: Window,
    link: &Link,
    confidence: f64,
    at_most_c: bool,
) -> Insight {
    let searched = round_to(confidence, 2).min(SUREST);
    let (confidence, grade) = stated(confidence, link.n, link.coverage, at_most_c);
    let coverage = round_to(link.coverage, 2);
    let days = if link.lag == 1 { "day" } else { "days" };
    let mut values = vec![
        Value::new("r", link.r, "", 2),
        Value::new("interval_low", link.interval.0, "", 2),
        Value::new("interval_high", link.interval.1, "", 2),
        Value::new("interval_pct", 95.0, "%", 0),
        Value::new("lag", f64::from(link.lag), days, 0),
        Value::new("n", link.n as f64, "", 0),
        Value::new("n_effective", link.n_effective, "", 1),
        Value::new("window_days", window.days.into(), "", 0),
        Value::new("coverage", coverage, "", 2),
        Value::new("confidence", confidence, "", 2),
    ];
    if searched > confidence {
        values.push(Value::new("search_confidence", searched, "", 2));
    }
    let sources = Provider::distinct([lead, follower].into_iter().flat_map(|metric| measured_by(run, metric, window)));
    Insight {
        id: Insight::id(run.person, InsightKind::Association, follower, None, first_day),
        kind: InsightKind::Association,
        metric: follower,
        with: Some(lead),
        direction: None,
        design: Design::Observational,
        grade,
        confidence,
        n: u32::try_from(link.n).unwrap_or(u32::MAX),
        n_effective: round_to(link.n_effective, 1),
        coverage,
        first_day,
        day: run.analysed,
        evidence: Evidence {
            metric: Some(follower),
            sources,
            window,
            baseline: None,
            input_revision: run.input_revision,
            values,
        },
    }
}
