//! What the assistant tells.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Notice, Objective, word};
use crate::domain::noted;
use crate::engine::assistant;

/// Something that is told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Told {
    /// What it says.
    pub text: String,
    /// What it rests on, each an id for `why`; nothing where it says that there is nothing.
    pub claim_ids: Vec<String>,
    /// The weakest grade among them, where they have one.
    pub grade: Option<String>,
}

impl From<assistant::Told> for Told {
    fn from(told: assistant::Told) -> Self {
        Self { text: told.text, claim_ids: told.claim_ids, grade: told.grade.map(|grade| word(&grade)) }
    }
}

fn all<T, S: From<T>>(told: Vec<T>) -> Vec<S> {
    told.into_iter().map(Into::into).collect()
}

/// Something that happened beside the measurements.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Noted {
    /// Its id.
    pub id: Uuid,
    /// What kind of thing it was, as in `travel`.
    pub event_type: String,
    /// The first day.
    #[schema(format = Date)]
    pub day: String,
    /// The last day.
    #[schema(format = Date)]
    pub until: String,
    /// More about it, in the person's words.
    pub note: Option<String>,
    /// The program that noted it.
    pub source: Option<String>,
}

impl From<noted::Noted> for Noted {
    fn from(noted: noted::Noted) -> Self {
        Self {
            id: noted.id,
            event_type: noted.kind.to_string(),
            day: noted.first.to_string(),
            until: noted.last.to_string(),
            note: noted.words,
            source: noted.source,
        }
    }
}

/// The day in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Daily {
    /// The present local day.
    #[schema(format = Date)]
    pub day: String,
    /// The day of the text it is taken from; nothing before the stages have run.
    #[schema(format = Date)]
    pub text_of: Option<String>,
    /// The newest day with data.
    #[schema(format = Date)]
    pub newest_data: Option<String>,
    /// Active safety notices, the most urgent first.
    pub notices: Vec<Notice>,
    /// The sentences that sum the day up.
    pub summary: Vec<Told>,
    /// What holds, what bears on an objective first.
    pub insights: Vec<Told>,
    /// What to try.
    pub recommendations: Vec<Told>,
    /// What is not known.
    pub uncertainty: Vec<Told>,
    /// What the person works towards, the nearest event first.
    pub objectives: Vec<Objective>,
    /// What was noted of the last seven days.
    pub noted: Vec<Noted>,
}

impl From<assistant::Daily> for Daily {
    fn from(daily: assistant::Daily) -> Self {
        Self {
            day: daily.day,
            text_of: daily.text_of,
            newest_data: daily.newest_data,
            notices: all(daily.notices),
            summary: all(daily.summary),
            insights: all(daily.insights),
            recommendations: all(daily.recommendations),
            uncertainty: all(daily.uncertainty),
            objectives: all(daily.objectives),
            noted: all(daily.noted),
        }
    }
}

/// What a sitting came to so far.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sitting {
    /// Questions answered.
    pub questions: u32,
    /// Questions about each topic, as in `sleep`.
    pub asked: BTreeMap<String, u32>,
    /// Different things that were told of.
    pub told: u32,
}

/// An answer: no number and no word of it is new.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Answer {
    /// The sitting, to go on with.
    pub session_id: Uuid,
    /// The present local day.
    #[schema(format = Date)]
    pub day: String,
    /// The day of the text that it tells of; nothing before the stages have run.
    #[schema(format = Date)]
    pub text_of: Option<String>,
    /// What the question was taken to be about, as in `sleep`; everything where it is empty.
    pub topics: Vec<String>,
    /// The metrics it named.
    pub metrics: Vec<String>,
    /// What to do first, where the question speaks of a symptom; `checkins` records one.
    pub urgent: Option<&'static str>,
    /// Active safety notices, the most urgent first.
    pub notices: Vec<Notice>,
    /// What holds about it.
    pub answer: Vec<Told>,
    /// What to try today, or why there is nothing.
    pub today_recommendation: Told,
    /// What moved, if anything did.
    pub trend_insight: Option<Told>,
    /// What to try, three at most.
    pub recommendations: Vec<Told>,
    /// What to ask next, each an id for `why`.
    pub follow_ups: Vec<String>,
    /// What the sitting came to so far.
    pub sitting: Sitting,
}

impl From<assistant::Answer> for Answer {
    fn from(answer: assistant::Answer) -> Self {
        let asked = answer.gist.asked.iter().map(|(matter, times)| (word(matter), *times));
        Self {
            session_id: answer.session_id,
            day: answer.day,
            text_of: answer.text_of,
            topics: answer.topics.matters.iter().map(word).collect(),
            metrics: answer.topics.metrics.iter().map(ToString::to_string).collect(),
            urgent: answer.urgent,
            notices: all(answer.notices),
            answer: all(answer.answer),
            today_recommendation: answer.today_recommendation.into(),
            trend_insight: answer.trend_insight.map(Into::into),
            recommendations: all(answer.recommendations),
            follow_ups: answer.follow_ups,
            sitting: Sitting { questions: answer.gist.questions, asked: asked.collect(), told: answer.gist.told },
        }
    }
}
