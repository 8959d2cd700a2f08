//! What answers look like on the wire. Nothing of the domain is sent as it is: a field that is added there is not published
//! by accident.

mod activity;
mod activity_told;
mod assistant;
mod event;
mod evidence;
mod experiment;
mod import;
mod insight;
mod intervention;
mod narrative;
mod objective;
mod observation;
mod outcome;
mod profile;
mod summary;
mod today;
mod why;

pub use activity::{Activity, ActivityPage, ActivityStreams, ActivityWeek, of_activity_id};
pub use activity_told::ActivityDetail;
pub use assistant::{Answer, Daily, Noted};
pub use event::{Event, EventPage};
pub use evidence::{Evidence, Window};
pub use experiment::Experiment;
pub use import::{Import, Imports, Rejected};
pub use insight::Insight;
pub use intervention::Interventions;
pub use narrative::Narrative;
pub use objective::{Goal, Objective};
pub use observation::{Observation, ObservationPage};
pub use outcome::{Baseline, Evaluation, Safety};
pub use profile::{Consents, Profile};
pub use summary::MetricSummary;
pub use today::{Metric, Notice, Today};
pub use why::Why;

use serde::Serialize;
use serde_json::Value as Json;

/// A closed word of the domain as it is written.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Json::String(word)) => word,
        // What is no word is not a choice.
        _ => String::new(),
    }
}
