//! Why a person sees something.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Event, Evidence, Noted, word};
use crate::engine::why;

/// A sentence that said it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Said {
    /// `daily` or `weekly`.
    pub period: String,
    /// What it says.
    pub text: String,
    /// The frame it was said with; none where a notice stands verbatim.
    pub frame: Option<String>,
    /// `template` or `model`.
    pub chosen_by: &'static str,
    /// The checks it passes.
    pub checks: Vec<&'static str>,
}

/// A measurement behind a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    /// The local day.
    #[schema(format = Date)]
    pub day: String,
    /// What was measured.
    pub metric_key: &'static str,
    /// The value in the metric's unit.
    pub value: f64,
    /// Who measured it.
    pub source: &'static str,
    /// The file it stood in.
    pub file: String,
    /// The row of that file, from 1 without the header.
    pub row: u32,
}

/// Why, how sure, and what would change it.
#[derive(Clone, Debug, Serialize, ToSchema)]
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
    /// The sentences that say it.
    pub said: Vec<Said>,
    /// The rows it rests on.
    pub rows: Vec<Row>,
    /// What the person noted of those days.
    pub noted: Vec<Noted>,
    /// What happened to it, the newest events.
    pub events: Vec<Event>,
}

impl From<why::Why> for Why {
    fn from(answer: why::Why) -> Self {
        let said = |said: crate::engine::said::Said| Said {
            period: word(&said.period),
            text: said.text,
            frame: said.frame.map(|frame| frame.to_string()),
            chosen_by: said.chosen_by,
            checks: said.checks,
        };
        let row = |row: why::EvidenceRow| Row {
            day: row.day.to_string(),
            metric_key: row.metric,
            value: row.value,
            source: row.source,
            file: row.file,
            row: row.row,
        };
        Self {
            id: answer.id,
            why: answer.why,
            how_confident: answer.how_confident,
            what_would_change_it: answer.what_would_change_it,
            evidence: answer.evidence.into(),
            said: answer.said.into_iter().map(said).collect(),
            rows: answer.rows.into_iter().map(row).collect(),
            noted: answer.noted.into_iter().map(Into::into).collect(),
            events: answer.events.into_iter().map(Into::into).collect(),
        }
    }
}
