//! SAFETY: what must a person be told, and what must not be done meanwhile?
//!
//! Input: the measurements up to the day, the profile, the symptoms that were reported. Output: notices raised and
//! cleared, and questions to a human. It runs after OBSERVE and before every other stage has its say; no limit, no
//! degradation and no confidence stands above it. A condition that lasts is one notice, raised once.

pub(in crate::engine) mod heart_rate;
mod load;
mod oxygen;
pub mod predictive;
pub(in crate::engine) mod signal;
mod temperature;
pub mod threshold;
mod weight;

#[cfg(test)]
mod properties;

pub(super) use load::LOADS;
use signal::{Alarm, Finding, Signal};

use super::run::{Run, RunError};
use crate::domain::claim::Notice;
use crate::domain::day::LocalDay;
use crate::domain::event::{HumanReviewRequested, SafetyNoticeCleared, SafetyNoticeRaised};
use crate::domain::evidence::{Evidence, Window};
use crate::domain::experiment::is_news;
use crate::domain::grade::Grade;
use crate::domain::provider::Provider;
use crate::domain::safety::{self, ClearedBy, Level, Review, SafetyNotice, SafetyRule, Subject};

/// Standard deviations beyond which an effect is too large to be believed unseen.
const LARGE_EFFECT_SDS: f64 = 2.0;
/// The confidence below which a result is doubtful while a notice stands.
const DOUBTFUL: f64 = 0.3;

/// Runs the stage.
///
/// # Errors
/// When an event would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    for rule in SafetyRule::ALL {
        let open = run.state.notices.values().find(|notice| notice.notice.rule == rule).cloned();
        let (finding, day) = look(run, rule, open.as_ref());
        settle(run, rule, open, finding, day)?;
    }
    Ok(())
}

/// What a rule finds, and the day of which it speaks.
fn look(run: &Run<'_>, rule: SafetyRule, open: Option<&SafetyNotice>) -> (Finding, LocalDay) {
    if let Some(level) = safety::declared(&run.state.profile).get(&rule) {
        return (Finding::Holds(declaration(*level, run.day, Vec::new())), run.day);
    }
    if rule == SafetyRule::RedFlagSymptom {
        // Nobody's data say that a symptom has passed: a reviewer does. A day that is looked at late knows none of later.
        let since = run.state.symptoms.values().filter(|day| **day <= run.day).min().copied();
        let alarm = since.map(|day| declaration(Level::Stop, day, vec![Provider::Person]));
        return (alarm.map_or(Finding::Undecided, Finding::Holds), since.unwrap_or(run.day));
    }
    let signal = Signal::of(run);
    let finding = match rule {
        SafetyRule::RestingHeartRate => heart_rate::finding(&signal, open),
        SafetyRule::Spo2Low => oxygen::finding(&signal, open),
        SafetyRule::BodyTemperature => temperature::body(&signal, open),
        SafetyRule::SkinTemperature => temperature::skin(&signal),
        SafetyRule::WeightChange => weight::finding(&signal),
        SafetyRule::Overtraining => load::overtraining(&signal),
        SafetyRule::EatingDisorderRisk => weight::strain(&signal, &run.state.profile),
        SafetyRule::RedFlagSymptom => Finding::Undecided,
        SafetyRule::Under18
        | SafetyRule::Pregnancy
        | SafetyRule::HeartCondition
        | SafetyRule::Diabetes
        | SafetyRule::Epilepsy
        | SafetyRule::HeartMedication => return (Finding::Over, run.day),
    };
    // A day that is run again does not move what later days have shown.
    if run.moves_on() { (finding, run.analysed) } else { (Finding::Undecided, run.analysed) }
}

/// What a person has told, as the ground of a notice.
fn declaration(level: Level, day: LocalDay, sources: Vec<Provider>) -> Alarm {
    Alarm { level, metric: None, window: Window::ending(day, 1), sources, values: Vec::new() }
}

fn settle(
    run: &mut Run<'_>,
    rule: SafetyRule,
    mut open: Option<SafetyNotice>,
    finding: Finding,
    day: LocalDay,
) -> Result<(), RunError> {
    let reviewed = run.state.reviewed.get(&rule).copied();
    if let Some((notice, reviewed)) = open.as_ref().zip(reviewed)
        && reviewed.notice_id == notice.notice.id
        && reviewed.level >= notice.level
    {
        clear(run, notice, ClearedBy::Reviewer)?;
        open = None;
    }
    match finding {
        Finding::Undecided => Ok(()),
        Finding::Holds(alarm) => {
            let known = open.as_ref().map(|notice| notice.level).or(reviewed.map(|reviewed| reviewed.level));
            if known.is_some_and(|known| known >= alarm.level) { Ok(()) } else { raise(run, rule, open, alarm, day) }
        }
        Finding::Over => {
            let by = if rule.is_declared() { ClearedBy::Declaration } else { ClearedBy::Data };
            match (open, reviewed) {
                (Some(notice), _) => clear(run, &notice, by),
                // The episode a reviewer has cleared is over now: the rule may speak again.
                (None, Some(reviewed)) => run.emit(SafetyNoticeCleared {
                    notice_id: reviewed.notice_id,
                    rule,
                    day: run.day,
                    by,
                    sources: Vec::new(),
                }),
                (None, None) => Ok(()),
            }
        }
    }
}

fn clear(run: &mut Run<'_>, notice: &SafetyNotice, by: ClearedBy) -> Result<(), RunError> {
    let (notice_id, rule) = (notice.notice.id, notice.notice.rule);
    let sources = notice.evidence.sources.clone();
    run.emit(SafetyNoticeCleared { notice_id, rule, day: run.day, by, sources })
}

fn raise(
    run: &mut Run<'_>,
    rule: SafetyRule,
    open: Option<SafetyNotice>,
    alarm: Alarm,
    day: LocalDay,
) -> Result<(), RunError> {
    let first_day = open.map_or(day, |notice| notice.first_day);
    let (id, level) = (SafetyNotice::id(run.person, rule, first_day), alarm.level);
    let notice = SafetyNotice {
        notice: Notice { id, rule, text: rule.text(level).to_owned() },
        level,
        first_day,
        day,
        allows: rule.allows(level),
        evidence: alarm.evidence(run.input_revision),
    };
    let sources = notice.evidence.sources.clone();
    run.emit(SafetyNoticeRaised { notice })?;
    if level < Level::Review {
        return Ok(());
    }
    ask(run, Subject::SafetyNotice(id), rule.key(), sources)
}

/// Asks a human about something, once: a question that was answered is not asked again at the same level.
///
/// # Errors
/// When the event would break an invariant.
pub fn ask(run: &mut Run<'_>, subject: Subject, reason: &str, sources: Vec<Provider>) -> Result<(), RunError> {
    let (kind, entity) = subject.entity();
    let id = run.id(&format!("review/{kind}/{entity}/{reason}"));
    if run.state.reviews.get(&id).is_some_and(|held| held.decision.is_none()) {
        return Ok(());
    }
    run.emit(HumanReviewRequested { review: Review { id, subject, reason: reason.to_owned(), day: run.day, sources } })
}

/// Asks a human about what was found: an effect larger than two standard deviations, or a doubtful one while a notice
/// stands.
///
/// # Errors
/// When an event would break an invariant.
pub fn question(run: &mut Run<'_>) -> Result<(), RunError> {
    let warned = !run.state.notices.is_empty();
    let doubt = |evidence: &Evidence, confidence: Option<f64>| {
        let number = |name: &str| evidence.value(name).map(|value| value.value);
        let large = number("difference").zip(number("sd")).is_some_and(|(d, sd)| d.abs() > LARGE_EFFECT_SDS * sd);
        let doubtful = warned && confidence.is_some_and(|confidence| confidence < DOUBTFUL);
        large.then_some("large_effect").or(doubtful.then_some("doubtful_with_a_notice"))
    };
    let insights = run.state.insights.values().filter(|insight| insight.grade < Grade::D);
    let insights =
        insights.map(|i| (Subject::Insight(i.id), doubt(&i.evidence, Some(i.confidence)), &i.evidence.sources));
    let evaluations = run.state.evaluations.values().filter(|e| is_news(e.day, run.day));
    let evaluations =
        evaluations.map(|e| (Subject::Evaluation(e.id), doubt(&e.evidence, Some(e.confidence)), &e.evidence.sources));
    let asked: Vec<_> = insights
        .chain(evaluations)
        .filter_map(|(subject, doubt, sources)| doubt.map(|doubt| (subject, doubt, sources.clone())))
        .collect();
    for (subject, doubt, sources) in asked {
        let known = run.state.reviews.values().any(|held| held.review.subject == subject);
        if !known {
            ask(run, subject, doubt, sources)?;
        }
    }
    Ok(())
}
