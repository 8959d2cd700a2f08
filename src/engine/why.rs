//! Why am I seeing this, how sure are you, what would change it: answered from the log.

use serde::Serialize;
use serde_json::Value as Json;

use super::model::search::HOLD_ABOVE_PHI;
use super::said::Said;
use super::synthesize::claims;
use super::{Engine, EngineError};
use crate::domain::claim::{Claim, ClaimKind};
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Evidence, Window};
use crate::domain::grade::{Design, Grade};
use crate::domain::insight::Insight;
use crate::domain::metric::Metric;
use crate::domain::noted::Noted;
use crate::domain::person::PersonId;
use crate::domain::safety::SafetyNotice;
use crate::domain::verb;
use crate::engine::ports::journal::Recorded;

/// Events named at most, the newest.
const EVENTS: usize = 30;

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub struct Why {
    /// What was asked about.
    pub id: String,
    /// Why this is shown.
    pub why: String,
    /// How sure it is, in words and as a number.
    pub how_confident: String,
    /// What would change it.
    pub what_would_change_it: String,
    /// Every number a sentence may show.
    pub evidence: Evidence,
    /// The sentences that say it, each with its frame and the checks it passed.
    pub said: Vec<Said>,
    /// The rows it rests on, where it is about a metric.
    pub rows: Vec<EvidenceRow>,
    /// What the person noted of the days it rests on.
    pub noted: Vec<Noted>,
    /// What happened to it.
    pub events: Vec<EventRef>,
}

/// A measurement behind a statement.
#[derive(Clone, Debug, Serialize)]
pub struct EvidenceRow {
    /// The local day.
    pub day: LocalDay,
    /// What was measured.
    pub metric: &'static str,
    /// The value in the metric's unit.
    pub value: f64,
    /// Who measured it.
    pub source: &'static str,
    /// The file it stood in.
    pub file: String,
    /// The row of that file, from 1 without the header.
    pub row: u32,
}

/// An event behind a statement.
#[derive(Clone, Debug, Serialize)]
pub struct EventRef {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its place in the person's stream.
    pub revision: u64,
    /// Its place in the log.
    pub position: String,
    /// Its id.
    pub event_id: String,
    /// Its hash.
    pub hash: String,
    /// When it was recorded.
    pub recorded_at: String,
    /// The day it speaks of in UTC, for a stage its own; `erased` where the content is.
    pub occurred_on: String,
}

impl EventRef {
    /// The reference to a recorded event.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Self {
        Self {
            kind: recorded.kind.clone(),
            revision: recorded.revision,
            position: recorded.position.clone(),
            event_id: recorded.event_id.to_string(),
            hash: recorded.hash.clone(),
            recorded_at: recorded.recorded_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            occurred_on: match &recorded.content {
                Some((meta, _)) => meta.occurred_at.date_naive().to_string(),
                None => "erased".to_owned(),
            },
        }
    }
}

impl Engine {
    /// Answers for anything a sentence can claim: a claim `<entity>@<day>`, an insight, an evaluation, a day's score.
    ///
    /// # Errors
    /// When there is no such thing for this person, or the store does not answer.
    pub async fn why(&self, person: PersonId, id: &str) -> Result<Why, EngineError> {
        self.views.catch_up().await?;
        let claim = self.claim(person, id).await?;
        let rows = self.rows(person, &claim).await?;
        let events = self.events_behind(person, &claim).await?;
        let said = self.said(person, &claim).await?;
        let Evidence { baseline, window, .. } = &claim.evidence;
        let span = baseline.and_then(|baseline| Window::between(baseline.first, window.last)).unwrap_or(*window);
        let noted = self.noted(person, span).await?;
        Ok(Why {
            id: id.to_owned(),
            why: reason(&claim),
            how_confident: sureness(&claim),
            what_would_change_it: change(&claim),
            evidence: claim.evidence,
            said,
            rows,
            noted,
            events,
        })
    }

    pub(super) async fn claim(&self, person: PersonId, id: &str) -> Result<Claim, EngineError> {
        let unknown = || EngineError::NotFound { what: "claim, insight, evaluation or scored day", id: id.to_owned() };
        if id.is_empty() {
            return Err(unknown());
        }
        let published = |body: &Json| body.get("claim").and_then(|c| serde_json::from_value::<Claim>(c.clone()).ok());
        if let Some(entity) = self.views.entities(person, "claim", Some(id)).await?.first()
            && let Some(claim) = published(&entity.body)
        {
            return Ok(claim);
        }
        // A day's score by its day, whether or not a text has claimed it.
        let day = id.strip_prefix("day_score@").unwrap_or(id);
        if let Ok(day) = day.parse::<LocalDay>() {
            let scored = self.views.entities(person, "day_score", Some(&day.to_string())).await?;
            let evidence = scored.first().and_then(|entity| entity.body.get("evidence").cloned());
            let evidence = evidence.and_then(|evidence| serde_json::from_value(evidence).ok());
            return evidence.map(|evidence| claims::scored(day, evidence)).ok_or_else(unknown);
        }
        // Without a day the newest word about an entity counts; with one, only that day's.
        if id.contains('@') {
            return Err(unknown());
        }
        if let Some(entity) = self.views.entities(person, "insight", Some(id)).await?.first()
            && let Ok(insight) = serde_json::from_value::<Insight>(entity.body.clone())
        {
            return Ok(claims::insight(&insight));
        }
        if let Some(entity) = self.views.entities(person, "safety_notice", Some(id)).await?.first()
            && let Ok(held) = serde_json::from_value::<SafetyNotice>(entity.body.clone())
        {
            return Ok(claims::notice(&held, held.day));
        }
        let claimed = self.views.entities(person, "claim", None).await?;
        let about =
            claimed.iter().filter_map(|entity| published(&entity.body)).filter(|claim| claim.id.parts().0 == id);
        about.max_by_key(|claim| (claim.id.parts().1.to_owned(), claim.id.parts().2)).ok_or_else(unknown)
    }

    async fn rows(&self, person: PersonId, claim: &Claim) -> Result<Vec<EvidenceRow>, EngineError> {
        let metrics: Vec<Metric> = match claim.kind {
            ClaimKind::Suggestion => Vec::new(),
            ClaimKind::DayScore => claims::SCORED.to_vec(),
            _ => claim.names().collect(),
        };
        if metrics.is_empty() {
            return Ok(Vec::new());
        }
        let windows = [claim.evidence.baseline, Some(claim.evidence.window)];
        let since = windows.iter().flatten().map(|window| window.first).min().unwrap_or(LocalDay::FIRST);
        let mut rows: Vec<EvidenceRow> = self
            .views
            .observations(person, since)
            .await?
            .into_iter()
            .filter(|(o, _)| metrics.contains(&o.key.metric) && windows.iter().flatten().any(|w| w.contains(o.day)))
            .filter(|(o, _)| claim.evidence.sources.contains(&o.key.provider))
            .map(|(o, file)| EvidenceRow {
                day: o.day,
                metric: o.key.metric.key(),
                value: o.value,
                source: o.key.provider.label(),
                file,
                row: o.row,
            })
            .collect();
        rows.sort_by_key(|row| (row.day, row.row));
        Ok(rows)
    }

    async fn events_behind(&self, person: PersonId, claim: &Claim) -> Result<Vec<EventRef>, EngineError> {
        let (entity, ..) = claim.id.parts();
        let mut places = vec![
            ("insight", entity.to_owned()),
            ("evaluation", entity.to_owned()),
            ("experiment", entity.to_owned()),
            ("safety_notice", entity.to_owned()),
            ("intervention", entity.to_owned()),
            ("baseline", entity.to_owned()),
            ("claim", claim.id.to_string()),
        ];
        if claim.kind == ClaimKind::DayScore {
            places.extend(claim.evidence.window.each().map(|day| ("day_score", day.to_string())));
        }
        let mut revisions = Vec::new();
        for (kind, id) in &places {
            revisions.extend(self.views.trail(person, Some((kind, id))).await?.into_iter().map(|t| t.revision));
        }
        revisions.sort_unstable();
        revisions.dedup();
        let newest = revisions.len().saturating_sub(EVENTS);
        let mut events = Vec::new();
        for revision in &revisions[newest..] {
            events.extend(self.journal.read(person, *revision, 1).await?.iter().map(EventRef::of));
        }
        Ok(events)
    }
}

fn reason(claim: &Claim) -> String {
    let label = claim.metric.map_or("this", Metric::label);
    let window = claim.evidence.window;
    match claim.kind {
        ClaimKind::Level => format!(
            "Every day your {label} of the last 60 days is averaged; this is the mean from {} to {}, with what is known \
             about how one day depends on the one before.",
            window.first, window.last
        ),
        ClaimKind::Change => format!(
            "Each Monday the last 30 days of your {label} are compared with the 60 before. A change was found, and only \
             the days since then, compared with the same 60 days, decide how far it is trusted."
        ),
        ClaimKind::Step => format!(
            "Each Monday the last 90 days of your {label} are searched for a day on which its mean jumped. One was found, \
             and only the days since then, compared with 60 days that end a week before it, decide how far it is trusted."
        ),
        ClaimKind::Trend => format!(
            "Each Monday a straight line is laid through the last 90 days of your {label}. It explained them better than \
             any jump, and only the days since then, compared with the first 45, decide how far it is trusted."
        ),
        ClaimKind::Experiment => {
            let compared = match claim.design {
                Design::Observational => "the days before were compared with the days with it",
                Design::Randomised => {
                    "all days with it were compared with all days without, as they were scheduled and whatever was done"
                }
            };
            format!("Your experiment on {label} came to its end, and {compared}.")
        }
        ClaimKind::Measured if window.days > 1 => {
            format!("It is the mean of the days with {label} from {} to {}.", window.first, window.last)
        }
        ClaimKind::Measured => format!("It is the newest {label} your data hold, from {}.", window.last),
        ClaimKind::DayScore if window.days > 1 => {
            format!("It is the mean of the readiness scores from {} to {}.", window.first, window.last)
        }
        ClaimKind::DayScore => {
            format!("It is the readiness score of {}, from {}.", window.last, claims::score_parts(claim))
        }
        ClaimKind::Suggestion => format!(
            "A change in your data led to it, and it passed its safety checks: it is low-risk information about {label}."
        ),
        ClaimKind::State => {
            "It says what is missing or held back, so that silence is not taken for good news.".to_owned()
        }
        ClaimKind::Notice if claim.evidence.values.is_empty() => {
            "It follows from what you told Candor about yourself; it stands above everything else that is said."
                .to_owned()
        }
        ClaimKind::Notice => {
            "Your measurements crossed a threshold of a safety rule; the numbers say which. It stands above everything \
             else that is said."
                .to_owned()
        }
        ClaimKind::Association => format!(
            "Each Monday the last 180 days of what you do are laid beside your {label} at lags of 0 to 7 days, weekdays taken \
             out. This link passed beside all the others that were looked at, and only the days since then, at the same lag, \
             decide how far it is trusted."
        ),
        ClaimKind::Streak => "It was found.".to_owned(),
    }
}

fn sureness(claim: &Claim) -> String {
    match (claim.grade, claim.evidence.value("confidence")) {
        (Some(grade), Some(value)) => {
            let sure = format!("Grade {grade}: {} ({})", verb::confidence(value.value), value.shown());
            let held = claim.evidence.value("search_confidence").is_some();
            let dependent = claim.evidence.value("phi").is_some_and(|phi| phi.value > HOLD_ABOVE_PHI);
            match too_few_days(claim, grade, value.value) {
                Some(limit) => format!("{sure} that the statement is true. {limit}"),
                None if held && dependent => {
                    format!("{sure}, the most that is said where one day depends this much on the one before.")
                }
                None if held => format!("{sure}, the most that is said before later days have confirmed it."),
                None => format!("{sure} that the statement is true."),
            }
        }
        _ => match claim.kind {
            ClaimKind::Measured => {
                "It is a measurement and has no grade: it is as right as the device that took it.".to_owned()
            }
            ClaimKind::DayScore => {
                "It is a formula over the measurements that are listed and has no grade: it sums up a \
                                    day and promises nothing about the next."
                    .to_owned()
            }
            ClaimKind::Notice => "A notice has no grade: it asks you to look, and does not say what is behind it. Its \
                                  thresholds are engineering defaults that no clinician has signed."
                .to_owned(),
            _ => "It says what the log holds, or does not, and has no grade.".to_owned(),
        },
    }
}

/// What is said when the days, and not the confidence, decide the grade.
fn too_few_days(claim: &Claim, grade: Grade, confidence: f64) -> Option<String> {
    let by_confidence = Grade::of(confidence, u32::MAX, 1.0);
    let coverage = claim.evidence.value("coverage").filter(|_| by_confidence < grade)?;
    Some(format!(
        "By that alone it would be {by_confidence}; what counts for {grade} is how many days have a value, {} of all \
         days in the window with the fewest.",
        coverage.shown()
    ))
}

fn change(claim: &Claim) -> String {
    match claim.kind {
        ClaimKind::Level => {
            "More days make the interval narrower; days outside it move the mean; with fewer than 18 of \
                             60 days it is no longer stated."
                .to_owned()
        }
        ClaimKind::Change | ClaimKind::Step | ClaimKind::Trend => {
            "The Mondays 14 to 42 days after it was found look again at the days since then: it is \
                              withdrawn below a confidence of 0.4, and with 0.6 or more, on enough days, it reaches a \
                              better grade."
                .to_owned()
        }
        ClaimKind::Experiment => match claim.design {
            Design::Observational => "A new experiment in blocks whose order is drawn by lot, and fewer missed days.",
            Design::Randomised => "A new experiment over more pairs of blocks, and fewer missed days.",
        }
        .to_owned(),
        ClaimKind::Measured | ClaimKind::DayScore => {
            "A correction by your provider, or a new file that says otherwise. \
                                                      The old value stays in the log."
                .to_owned()
        }
        ClaimKind::Suggestion => "It goes when the change it answers goes, or when you decline it.".to_owned(),
        ClaimKind::State => "New data.".to_owned(),
        ClaimKind::Notice if claim.code.as_deref() == Some("red_flag_symptom") => {
            "A reviewer clears it (`candor review list`); no measurement does.".to_owned()
        }
        ClaimKind::Notice if claim.evidence.values.is_empty() => {
            "A change of your profile, or a reviewer (`candor review list`).".to_owned()
        }
        ClaimKind::Notice => {
            "Enough measured days on which the condition does not hold, or a reviewer (`candor review list`). Days \
             without data do not clear it."
                .to_owned()
        }
        ClaimKind::Association => {
            "98 days after it was found, and again after as many, the days since then alone are looked at \
                                   with the same lag: below a confidence of 0.6 it is withdrawn."
                .to_owned()
        }
        ClaimKind::Streak => "New data.".to_owned(),
    }
}
