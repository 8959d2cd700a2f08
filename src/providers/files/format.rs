//! The formats that are understood, in the order in which they are tried.

use crate::domain::provider::Provider;
use crate::providers::draft::{OnRow, Reading};
use crate::providers::track::{self, WalkTrack};
use crate::providers::{apple, candor, fitbit, garmin, oura, strava, whoop};

use super::content::Content;
use super::entries::DocumentFormat;
use super::failure::Failure;
use super::lines::ReadLine;
use super::shape::Shape;
use super::table::TableFormat;

/// A format: its name, who measured, and how it is told and read.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) name: &'static str,
    pub(super) provider: Provider,
    pub(super) layout: Layout,
    /// Whether a JSON document of this shape is of this format.
    pub(super) json: fn(&Shape) -> bool,
}

/// How the rows lie in the bytes.
#[derive(Debug)]
pub(super) enum Layout {
    Table(TableFormat),
    Document(DocumentFormat),
    Lines(ReadLine),
    /// Recorded activities; of XML, the name of the root element.
    Track {
        root: Option<&'static str>,
        walk: WalkTrack,
    },
    /// A document in XML that is read in one go; the name of its root element.
    Xml {
        root: &'static str,
        walk: WalkXml,
    },
}

/// Hands out the rows of a document.
pub(super) type WalkXml = fn(&mut Content<'_>, &Reading, &mut OnRow<'_>) -> Result<(), Failure>;

impl Format {
    /// The format with a name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// The name of the first element, of a format in XML.
    pub(super) fn root(&self) -> Option<&'static str> {
        match &self.layout {
            Layout::Track { root, .. } => *root,
            Layout::Xml { root, .. } => Some(root),
            Layout::Table(_) | Layout::Document(_) | Layout::Lines(_) => None,
        }
    }

    const fn track(name: &'static str, provider: Provider, root: Option<&'static str>, walk: WalkTrack) -> Self {
        Self { name, provider, layout: Layout::Track { root, walk }, json: |_| false }
    }

    const fn table(name: &'static str, provider: Provider, table: TableFormat) -> Self {
        Self { name, provider, layout: Layout::Table(table), json: |_| false }
    }
}

/// A FIT file of a device of Garmin, and one of any other.
pub(super) const GARMIN_FIT: &str = "garmin_fit";
pub(super) const FIT: &str = "fit";
/// Apple Health's export.
pub(super) const APPLE_HEALTH: &str = "apple_health_xml";

/// Every format. Of two whose signatures both fit, the first wins.
pub(super) static FORMATS: [Format; 23] = [
    Format {
        name: APPLE_HEALTH,
        provider: Provider::AppleHealth,
        layout: Layout::Xml { root: "HealthData", walk: apple::walk },
        json: |_| false,
    },
    Format::track(GARMIN_FIT, Provider::Garmin, None, track::fit),
    Format::track(FIT, Provider::File, None, track::fit),
    Format::track("gpx", Provider::File, Some("gpx"), track::gpx),
    Format::track("tcx", Provider::File, Some("TrainingCenterDatabase"), track::tcx),
    Format::table("whoop_journal_csv", Provider::Whoop, whoop::JOURNAL),
    Format::table("whoop_workouts_csv", Provider::Whoop, whoop::WORKOUTS),
    Format::table("whoop_sleeps_csv", Provider::Whoop, whoop::SLEEPS),
    Format::table("whoop_cycles_csv", Provider::Whoop, whoop::CYCLES),
    Format::table("strava_activities_csv", Provider::Strava, strava::ACTIVITIES),
    Format::table("strava_legacy_csv", Provider::Strava, strava::LEGACY),
    Format::table("garmin_daily_csv", Provider::Garmin, garmin::DAILY),
    Format::table("garmin_hrv_csv", Provider::Garmin, garmin::HRV),
    Format::table("garmin_resting_heart_rate_csv", Provider::Garmin, garmin::RESTING_HEART_RATE),
    Format::table("garmin_sleep_csv", Provider::Garmin, garmin::SLEEP),
    Format {
        name: "candor_ndjson",
        provider: Provider::File,
        layout: Layout::Lines(candor::read),
        json: |shape| !shape.list && shape.has("metric") && shape.has("value"),
    },
    Format {
        name: "whoop_api_json",
        provider: Provider::Whoop,
        layout: Layout::Document(whoop::API),
        json: |shape| !shape.list && whoop::API.lists.iter().any(|list| shape.has(list)),
    },
    Format {
        name: "strava_api_json",
        provider: Provider::Strava,
        layout: Layout::Document(strava::API),
        json: |shape| !shape.list && strava::API.lists.iter().any(|list| shape.has(list)),
    },
    Format {
        name: "garmin_push_json",
        provider: Provider::Garmin,
        layout: Layout::Document(garmin::PUSH),
        json: |shape| {
            let marked = |list: &&str| garmin::PUSH_MARKS.iter().any(|mark| shape.has(&format!("{list}[].{mark}")));
            !shape.list && (shape.has(garmin::PUSH_PART) || garmin::PUSH.lists.iter().any(marked))
        },
    },
    Format {
        name: "garmin_wellness_json",
        provider: Provider::Garmin,
        layout: Layout::Document(garmin::WELLNESS),
        json: |shape| shape.record_has_any(garmin::WELLNESS_MARKS),
    },
    Format {
        name: "fitbit_json",
        provider: Provider::Fitbit,
        layout: Layout::Document(fitbit::DOCUMENT),
        json: |shape| {
            let api = !shape.list && fitbit::MARKS.iter().any(|marks| marks.iter().all(|mark| shape.has(mark)));
            api || (shape.list && shape.record_has_any(fitbit::EXPORT_MARKS))
        },
    },
    Format {
        name: "fitbit_steps_json",
        provider: Provider::Fitbit,
        layout: Layout::Document(fitbit::STEPS),
        json: |shape| fitbit::counts_something(shape) && fitbit::is_named_steps(&shape.file),
    },
    Format {
        name: "oura_json",
        provider: Provider::Oura,
        layout: Layout::Document(oura::DOCUMENT),
        json: |shape| {
            let in_list = |list: &&str| {
                let has = |mark: &&str| shape.has(&format!("{list}[].{mark}"));
                oura::MARKS.iter().any(|marks| marks.iter().all(has))
            };
            shape.record_has_any(oura::MARKS) || (!shape.list && oura::DOCUMENT.lists.iter().any(in_list))
        },
    },
];
