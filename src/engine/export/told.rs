//! What was made of the measurements and what the person said, as tables.
//!
//! What has a present state is read from the read models; texts and check-ins are many or have none, and are taken from the
//! events on their way into the export.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Failed;
use super::folder::{File, Folder};
use super::table::{Cell, Kind, Rows, Table, filled, open};
use crate::domain::event::{CheckInRecorded, DayScored, Event, Meta, NarrativePublished};
use crate::domain::experiment::RunningExperiment;
use crate::domain::insight::Insight;
use crate::domain::noted::Noted;
use crate::domain::safety::SafetyNotice;
use crate::engine::EngineError;
use crate::engine::ports::journal::JournalError;
use crate::engine::ports::proof::ProvenEvent;
use crate::engine::ports::views::{Entity, ViewsError};
use crate::engine::tell;

fn sentences() -> Table {
    let fields = vec![
        filled("revision", Kind::Whole, "the event that published the text, by its place in events.ndjson"),
        filled("number", Kind::Whole, "the place of the sentence in its text, from 1"),
        filled("published_at", Kind::Time, "when the text was published; for a text of a day, the end of that day"),
        filled("day", Kind::Day, "the day of the text"),
        filled("period", Kind::Text, "daily or weekly"),
        filled("section", Kind::Text, "the part of the text"),
        filled("text", Kind::Text, "the sentence"),
        open("grade", Kind::Text, "the weakest grade of what it says: A, B, C or D"),
        filled("claims", Kind::Text, "what it rests on: ids for `candor why`, separated by spaces"),
        filled("by_model", Kind::Flag, "whether a language model chose it"),
    ];
    let about = "Every sentence of every text that was published, as it was published.";
    Table::new("sentences", about, &["revision", "number"], fields)
}

fn check_ins() -> Table {
    let fields = vec![
        filled("revision", Kind::Whole, "the event, by its place in events.ndjson"),
        filled("about", Kind::Text, "the metric that was rated or measured, or the symptom"),
        filled("told_at", Kind::Time, "when it was said"),
        filled("day", Kind::Day, "the day it is about"),
        open("value", Kind::Number, "the rating or measurement, in the unit beside it; a symptom has none"),
        open("unit", Kind::Text, "the unit of the value"),
    ];
    let about = "What the person said of their days, each time they said it.";
    Table::new("check_ins", about, &["revision", "about"], fields)
}

fn scores() -> Table {
    let fields = vec![
        filled("day", Kind::Day, "the day"),
        filled("score", Kind::Whole, "readiness, 0 to 100"),
        filled("band", Kind::Text, "take_it_easy, maintain or go_for_it"),
        open("missing", Kind::Text, "metrics that would count and have no value, separated by spaces"),
    ];
    Table::new("scores", "The readiness score of each day that has one.", &["day"], fields)
}

fn score_parts() -> Table {
    let fields = vec![
        filled("day", Kind::Day, "the day"),
        filled("metric", Kind::Text, "what counts"),
        filled("weight", Kind::Number, "how much it counts, 0 to 1"),
        filled("normalised", Kind::Number, "its value from 0, the worst, to 1, the best"),
    ];
    Table::new("score_parts", "What each score is made of.", &["day", "metric"], fields)
}

fn insights() -> Table {
    let fields = vec![
        filled("id", Kind::Text, "its id, for `candor why`"),
        filled("status", Kind::Text, "open while it holds, expired, or suppressed when it was held back"),
        filled("kind", Kind::Text, "level, change, step, trend, association or insufficient_data"),
        filled("metric", Kind::Text, "the metric it is about"),
        open("with", Kind::Text, "the metric it goes with, of an association"),
        open("direction", Kind::Text, "higher or lower, where it compares"),
        open("statement", Kind::Text, "what it says"),
        filled("grade", Kind::Text, "A, B, C or D"),
        filled("confidence", Kind::Number, "how probable it is that it is true, 0 to 1"),
        filled("n", Kind::Whole, "days with a value in the smaller window"),
        filled("n_effective", Kind::Number, "what they are worth after their autocorrelation"),
        filled("coverage", Kind::Number, "the share of days with a value, 0 to 1"),
        filled("design", Kind::Text, "observational or randomised"),
        filled("first_day", Kind::Day, "the day on which it was first raised"),
        filled("day", Kind::Day, "the day up to which its numbers are"),
        open("feedback", Kind::Text, "what the person said of it: useful, wrong or not_me"),
    ];
    Table::new("insights", "Every statement with its grade, those that no longer hold included.", &["id"], fields)
}

fn notices() -> Table {
    let fields = vec![
        filled("id", Kind::Text, "its id, for `candor why`"),
        filled("status", Kind::Text, "standing or cleared"),
        filled("rule", Kind::Text, "the safety rule"),
        filled("level", Kind::Text, "how far it goes"),
        filled("text", Kind::Text, "what it says"),
        filled("first_day", Kind::Day, "the first day of its episode"),
        filled("day", Kind::Day, "the day on which it reached its level"),
    ];
    Table::new("safety_notices", "Every safety notice.", &["id"], fields)
}

fn notes() -> Table {
    let fields = vec![
        filled("id", Kind::Text, "its id"),
        filled("kind", Kind::Text, "what kind of thing happened"),
        filled("first_day", Kind::Day, "the first day it is about"),
        filled("last_day", Kind::Day, "the last day it is about"),
        open("words", Kind::Text, "more about it"),
        open("source", Kind::Text, "the program that noted it, where one did"),
    ];
    Table::new("notes", "What was noted beside the measurements.", &["id"], fields)
}

fn experiments() -> Table {
    let fields = vec![
        filled("id", Kind::Text, "its id"),
        filled("status", Kind::Text, "running, stopped, invalidated or evaluated"),
        filled("intervention", Kind::Text, "what is tried"),
        filled("metric", Kind::Text, "the outcome"),
        filled("direction", Kind::Text, "which way it is hoped to move"),
        filled("design", Kind::Text, "observational or randomised"),
        filled("first_day", Kind::Day, "the first day on which something is asked"),
        filled("last_day", Kind::Day, "the last one, as it was planned"),
        open("ended_on", Kind::Day, "the day from which nothing is asked, where it ended early"),
        open("verdict", Kind::Text, "what it showed"),
        open("grade", Kind::Text, "A, B, C or D"),
        open("confidence", Kind::Number, "how probable the difference is, 0 to 1"),
        open("n", Kind::Whole, "days with a value in the smaller arm"),
        open("coverage", Kind::Number, "the share of days with a value, 0 to 1"),
        open("adherence", Kind::Number, "the share of days that went as scheduled, 0 to 1"),
    ];
    Table::new("experiments", "Every experiment and what it showed.", &["id"], fields)
}

fn adherence() -> Table {
    let fields = vec![
        filled("experiment", Kind::Text, "the experiment"),
        filled("day", Kind::Day, "the day"),
        filled("done", Kind::Flag, "whether the person did it"),
    ];
    Table::new("experiment_days", "What was done on the days of experiments.", &["experiment", "day"], fields)
}

/// The word for a choice, as events have it.
fn word(choice: &impl Serialize) -> Cell {
    match serde_json::to_value(choice) {
        Ok(serde_json::Value::String(word)) => Cell(word),
        _ => Cell::default(),
    }
}

/// The tables of what stands in events alone, while they are written.
pub(super) struct OfEvents {
    sentences: Rows<File>,
    check_ins: Rows<File>,
}

impl OfEvents {
    pub(super) fn begin(folder: &Folder) -> Result<Self, Failed> {
        Ok(Self { sentences: folder.table(&sentences())?, check_ins: folder.table(&check_ins())? })
    }

    /// Takes what an event says; of one whose key is destroyed nothing can be told.
    pub(super) fn take(&mut self, event: &ProvenEvent) -> Result<(), Failed> {
        let wanted = ["narrative_published", "check_in_recorded"].contains(&event.kind.as_str());
        let Some(body) = event.body.as_ref().filter(|_| wanted) else { return Ok(()) };
        let inconsistent = |reason: String| {
            Failed::Engine(JournalError::Inconsistent { position: event.position.clone(), reason }.into())
        };
        let bytes = serde_json::to_vec(body).map_err(|error| inconsistent(error.to_string()))?;
        let (meta, said) = Event::decode(&event.kind, event.schema_version, &bytes)
            .map_err(|error| inconsistent(error.to_string()))?;
        if let Event::NarrativePublished(published) = said {
            self.text(event.revision, &meta, &published)?;
        } else if let Event::CheckInRecorded(check_in) = said {
            self.check_in(event.revision, &meta, &check_in)?;
        }
        Ok(())
    }

    fn text(&mut self, revision: u64, meta: &Meta, published: &NarrativePublished) -> Result<(), Failed> {
        let text = &published.narrative;
        for (number, sentence) in (1_u64..).zip(&text.sentences) {
            let claims: Vec<&str> = sentence.claim_ids.iter().map(|id| id.as_str()).collect();
            self.sentences.add(&[
                revision.into(),
                number.into(),
                meta.occurred_at.into(),
                text.day.into(),
                text.period.key().into(),
                word(&sentence.section),
                sentence.text.as_str().into(),
                sentence.grade.map(|grade| grade.to_string()).into(),
                claims.join(" ").into(),
                sentence.by_model.into(),
            ])?;
        }
        Ok(())
    }

    fn check_in(&mut self, revision: u64, meta: &Meta, said: &CheckInRecorded) -> Result<(), Failed> {
        let day = said.day.or_else(|| said.observations.first().map(|rating| rating.day));
        for rating in &said.observations {
            let metric = rating.key.metric;
            self.check_ins.add(&[
                revision.into(),
                metric.key().into(),
                meta.occurred_at.into(),
                rating.day.into(),
                rating.value.into(),
                metric.unit().symbol().into(),
            ])?;
        }
        for symptom in &said.symptoms {
            let (at, none) = (meta.occurred_at.into(), Cell::default);
            self.check_ins.add(&[revision.into(), symptom.key().into(), at, day.into(), none(), none()])?;
        }
        Ok(())
    }

    pub(super) fn end(self, folder: &mut Folder) -> Result<(), Failed> {
        folder.end_table(&sentences(), self.sentences)?;
        folder.end_table(&check_ins(), self.check_ins)
    }
}

impl Folder {
    /// Writes what holds or held, and what the person declared.
    ///
    /// # Errors
    /// When the read models do not answer or the disk does not take it.
    pub async fn told(&mut self) -> Result<(), Failed> {
        let state = self.engine.state(self.person).await?;
        let (mut rows, mut parts) = (self.table(&scores())?, self.table(&score_parts())?);
        for (_, scored) in self.entities::<DayScored>("day_score").await? {
            let missing = scored.score.missing.join(" ");
            let score = u64::from(scored.score.score);
            rows.add(&[scored.day.into(), score.into(), scored.score.band.key().into(), missing.into()])?;
            for part in scored.score.contributions {
                parts.add(&[scored.day.into(), part.metric.into(), part.weight.into(), part.normalised.into()])?;
            }
        }
        self.end_table(&scores(), rows)?;
        self.end_table(&score_parts(), parts)?;

        let mut rows = self.table(&insights())?;
        for (entity, insight) in self.entities::<Insight>("insight").await? {
            let feedback = state.feedback.get(&insight.statement()).map(|given| given.feedback);
            let statement = tell::view(&insight, feedback).statement;
            rows.add(&[
                entity.entity_id.into(),
                entity.status.into(),
                insight.kind.key().into(),
                insight.metric.key().into(),
                insight.with.map(|metric| metric.key()).into(),
                insight.direction.as_ref().map(word).unwrap_or_default(),
                statement.into(),
                insight.grade.to_string().into(),
                insight.confidence.into(),
                u64::from(insight.n).into(),
                insight.n_effective.into(),
                insight.coverage.into(),
                word(&insight.design),
                insight.first_day.into(),
                insight.day.into(),
                feedback.map(|feedback| feedback.key()).into(),
            ])?;
        }
        self.end_table(&insights(), rows)?;

        let mut rows = self.table(&notices())?;
        for (entity, held) in self.entities::<SafetyNotice>("safety_notice").await? {
            rows.add(&[
                entity.entity_id.into(),
                entity.status.into(),
                held.notice.rule.key().into(),
                word(&held.level),
                held.notice.text.into(),
                held.first_day.into(),
                held.day.into(),
            ])?;
        }
        self.end_table(&notices(), rows)?;

        let mut rows = self.table(&notes())?;
        for (entity, noted) in self.entities::<Noted>("circumstance").await? {
            let (first, last) = (noted.first.into(), noted.last.into());
            rows.add(&[
                entity.entity_id.into(),
                noted.kind.key().into(),
                first,
                last,
                noted.words.into(),
                noted.source.into(),
            ])?;
        }
        self.end_table(&notes(), rows)?;

        let (mut rows, mut days) = (self.table(&experiments())?, self.table(&adherence())?);
        for (entity, running) in self.entities::<RunningExperiment>("experiment").await? {
            let plan = &running.plan;
            let showed = state.evaluations.values().find(|evaluation| evaluation.experiment_id == plan.id);
            rows.add(&[
                entity.entity_id.as_str().into(),
                entity.status.into(),
                plan.intervention.as_str().into(),
                plan.metric.key().into(),
                word(&plan.direction),
                word(&plan.design()),
                plan.window.first.into(),
                plan.window.last.into(),
                running.ended.as_ref().map(|ended| ended.day).into(),
                showed.map(|showed| showed.verdict.key()).into(),
                showed.map(|showed| showed.grade.to_string()).into(),
                showed.map(|showed| showed.confidence).into(),
                showed.map(|showed| u64::from(showed.n)).into(),
                showed.map(|showed| showed.coverage).into(),
                showed.map(|showed| showed.adherence).into(),
            ])?;
            for (day, done) in running.adherence {
                days.add(&[entity.entity_id.as_str().into(), day.into(), done.into()])?;
            }
        }
        self.end_table(&experiments(), rows)?;
        self.end_table(&adherence(), days)?;

        let document = serde_json::json!({
            "person": self.person, "profile": state.profile, "consents": state.consents, "withdrawn": state.withdrawn,
            "objectives": state.objectives.values().collect::<Vec<_>>(),
        });
        let text = serde_json::to_vec_pretty(&document).map_err(std::io::Error::from)?;
        self.put("person.json", &text)
    }

    /// The entities of a type with what they are, the newest day first.
    async fn entities<T: DeserializeOwned>(&self, of: &str) -> Result<Vec<(Entity, T)>, Failed> {
        let found = self.engine.views.entities(self.person, of, None).await?;
        let read = |mut entity: Entity| {
            let body = serde_json::from_value(entity.body.take());
            // The cause would repeat health data.
            let body = body.map_err(|_| ViewsError::Unavailable(format!("a row of {of} does not fit")));
            Ok((entity, body.map_err(EngineError::from)?))
        };
        found.into_iter().map(read).collect()
    }
}
