//! The day in short: what stands first in its text, what moved, what to try, and how far the person's aims are.

use serde::Serialize;

use super::objectives::{aims, goals};
use super::{Aim, MOST, SUGGESTIONS, Standing, Told, holding};
use crate::domain::Instant;
use crate::domain::claim::Section;
use crate::domain::evidence::Window;
use crate::domain::noted::Noted;
use crate::domain::person::PersonId;
use crate::domain::plan::Matter;
use crate::engine::tell::NoticeView;
use crate::engine::{Engine, EngineError, run};

/// Days whose notes are shown beside a day.
const NOTED_DAYS: u32 = 7;

/// The day in short.
#[derive(Clone, Debug, Serialize)]
pub struct Daily {
    /// The present local day.
    pub day: String,
    /// The day of the text it is taken from; none before the stages have run.
    pub text_of: Option<String>,
    /// The newest day with data.
    pub newest_data: Option<String>,
    /// Active safety notices, the most urgent first.
    pub notices: Vec<NoticeView>,
    /// The sentences that sum the day up.
    pub summary: Vec<Told>,
    /// What holds and bears on what the person works towards first, then what moved.
    pub insights: Vec<Told>,
    /// What to try.
    pub recommendations: Vec<Told>,
    /// What is not known.
    pub uncertainty: Vec<Told>,
    /// What the person works towards, the nearest event first.
    pub objectives: Vec<Aim>,
    /// What was noted of the last seven days.
    pub noted: Vec<Noted>,
}

impl Engine {
    /// The day in short.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn daily(&self, person: PersonId, now: Instant) -> Result<Daily, EngineError> {
        let state = self.state(person).await?;
        let day = run::today(&state, now);
        let (text, standing) = self.standing(person, &state, day).await?;
        let goals = goals(&state, day);
        let mut holding = holding(&state, day);
        // The order is kept among those that bear on an aim, and among those that do not.
        holding.sort_by_key(|(insight, _)| !goals.contains(&Matter::of(insight.metric)));
        let window = Window::ending(day, NOTED_DAYS);
        Ok(Daily {
            day: day.to_string(),
            text_of: text.map(|text| text.day.to_string()),
            newest_data: state.newest_data.map(|day| day.to_string()),
            notices: state.standing_notices().into_iter().map(NoticeView::of).collect(),
            summary: sum(&standing),
            insights: holding.into_iter().map(|(_, told)| told).take(MOST).collect(),
            recommendations: of(&standing, Section::NextStep, SUGGESTIONS),
            uncertainty: of(&standing, Section::Uncertainty, MOST),
            objectives: aims(&state, day),
            noted: self.noted(person, window).await?,
        })
    }
}

/// The sentences that sum the day up; where none does, the one that stands first.
fn sum(standing: &[Standing]) -> Vec<Told> {
    let summary = of(standing, Section::Summary, MOST);
    if summary.is_empty() { standing.iter().map(|first| first.told.clone()).take(1).collect() } else { summary }
}

/// The first sentences of a section.
pub(super) fn of(standing: &[Standing], section: Section, most: usize) -> Vec<Told> {
    let sentences = standing.iter().filter(|standing| standing.section == section);
    sentences.map(|standing| standing.told.clone()).take(most).collect()
}
