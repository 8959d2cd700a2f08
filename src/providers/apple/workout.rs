//! Workouts: an element with what it says of itself, or of its statistics since 2022.

use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Reading, Record, Taken, check_order};
use crate::providers::fields::Fault;
use crate::providers::files::Element;
use crate::providers::written::Written;

use super::{Moment, draft, unit};

/// A value and the unit it is written in.
type Measured = (Written, String);

/// A workout while it is read.
#[derive(Debug)]
pub(super) struct Workout {
    sport: String,
    start: Moment,
    end: Moment,
    active: Option<Measured>,
    distance: Option<Measured>,
    energy: Option<Measured>,
    climb: Option<Measured>,
    beats: Option<Written>,
    highest: Option<Written>,
    fault: Option<Fault>,
}

impl Workout {
    pub(super) fn of(element: Element<'_>) -> Result<Self, Fault> {
        let sport = element.attribute("workoutActivityType");
        let sport = sport.ok_or_else(|| Fault::missing("workoutActivityType", "the kind of sport"))?;
        Ok(Self {
            sport: sport.strip_prefix("HKWorkoutActivityType").unwrap_or(&sport).to_owned(),
            start: Moment::of(element, "startDate")?,
            end: Moment::of(element, "endDate")?,
            active: measured(element, "duration", "durationUnit")?,
            distance: measured(element, "totalDistance", "totalDistanceUnit")?,
            energy: measured(element, "totalEnergyBurned", "totalEnergyBurnedUnit")?,
            climb: None,
            beats: None,
            highest: None,
            fault: None,
        })
    }

    /// Takes an element inside the workout.
    pub(super) fn part(&mut self, element: Element<'_>) {
        let taken = match element.name() {
            "WorkoutStatistics" => self.statistics(element),
            "MetadataEntry" => self.metadata(element),
            _ => Ok(()),
        };
        if let Err(fault) = taken {
            self.fault.get_or_insert(fault);
        }
    }

    fn statistics(&mut self, element: Element<'_>) -> Result<(), Fault> {
        let Some(name) = element.attribute("type") else {
            return Ok(());
        };
        match name.strip_prefix("HKQuantityTypeIdentifier") {
            Some("ActiveEnergyBurned") => self.energy = measured(element, "sum", "unit")?.or(self.energy.take()),
            Some("HeartRate") => {
                self.beats = written(element, "average")?;
                self.highest = written(element, "maximum")?;
            }
            Some(name) if name.starts_with("Distance") => {
                self.distance = measured(element, "sum", "unit")?.or(self.distance.take());
            }
            _ => {}
        }
        Ok(())
    }

    /// The climb stands among the notes, in centimetres with the unit behind it.
    fn metadata(&mut self, element: Element<'_>) -> Result<(), Fault> {
        const KEY: &str = "HKElevationAscended";
        if element.attribute("key").as_deref() != Some(KEY) {
            return Ok(());
        }
        let text = element.attribute("value").unwrap_or_default();
        let centimetres = text.strip_suffix("cm").and_then(|number| Written::parse(number.trim()));
        let climbed = centimetres.ok_or_else(|| Fault::unreadable(KEY, "a number of cm"))?;
        let metres = Written { value: climbed.value / 100.0, resolution: climbed.resolution / 100.0 };
        self.climb = Some((metres, "m".to_owned()));
        Ok(())
    }

    pub(super) fn told(self, reading: &Reading, row: u32) -> Result<Taken, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let (start, end) = (self.start.at, self.end.at);
        let mut draft = draft(reading, row);
        draft.see(start, "startDate")?;
        draft.see(end, "endDate")?;
        check_order(start, Some(end), "endDate")?;
        let day = LocalDay::new(self.start.date());
        let record = Record { kind: RecordKind::Activity, start, end: Some(end), day, provider_id: None };
        draft.activity(&record, &self.sport);
        let lasted = Written { value: (end - start).as_seconds_f64(), resolution: 1.0 };
        draft.add(&record, Metric::ActivityDuration, Some(lasted), "s", "endDate")?;
        // What Health calls the duration stops in a pause.
        for (metric, measured, field) in [
            (Metric::ActivityMovingTime, self.active, "duration"),
            (Metric::ActivityDistance, self.distance, "totalDistance"),
            (Metric::ActivityEnergy, self.energy, "totalEnergyBurned"),
            (Metric::ActivityElevationGain, self.climb, "HKElevationAscended"),
        ] {
            if let Some((written, written_unit)) = measured {
                draft.add(&record, metric, Some(written), unit(&written_unit), field)?;
            }
        }
        draft.add(&record, Metric::ActivityHeartRateAverage, self.beats, "bpm", "average")?;
        draft.add(&record, Metric::ActivityHeartRateMax, self.highest, "bpm", "maximum")?;
        Ok(draft.finish())
    }
}

fn written(element: Element<'_>, name: &str) -> Result<Option<Written>, Fault> {
    let Some(text) = element.attribute(name) else {
        return Ok(None);
    };
    Written::parse(&text).map(Some).ok_or_else(|| Fault::unreadable(name, "a number"))
}

fn measured(element: Element<'_>, name: &str, unit: &str) -> Result<Option<Measured>, Fault> {
    let Some(written) = written(element, name)? else {
        return Ok(None);
    };
    let unit = element.attribute(unit).ok_or_else(|| Fault::missing(unit, "the unit of the value"))?;
    Ok(Some((written, unit.into_owned())))
}
