//! What a day comes to: its steps, and its resting heart rate.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{NaiveDate, NaiveTime};

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{OnRow, Reading, Record, Taken};
use crate::providers::fields::Fault;
use crate::providers::written::Written;

use super::draft;

/// A hundred years of days with five sources each.
const ENTRIES: usize = 200_000;

/// Values of days while a file is read.
///
/// Steps: phone and watch count the same steps, so sources are never added up. Health itself shows, moment by moment,
/// the source that stands first in an order the person chose, and the export does not tell that order. The day's
/// total is therefore the one source that counted most: it was worn or carried longest, and no other that is left out
/// can make the day more than was walked.
///
/// Resting heart rate: Health reckons it anew during a day; the record that ends last is the day's.
#[derive(Debug, Default)]
pub(super) struct Days {
    steps: BTreeMap<NaiveDate, Vec<(u16, Sum)>>,
    resting: BTreeMap<NaiveDate, Sum>,
    entries: usize,
}

#[derive(Clone, Copy, Debug)]
struct Sum {
    written: Written,
    /// The latest end of what went into it.
    newest: Instant,
    /// The first record of it.
    row: u32,
}

impl Days {
    pub(super) fn add_steps(&mut self, day: NaiveDate, source: u16, written: Written, newest: Instant, row: u32) {
        let sources = self.steps.entry(day).or_default();
        if let Some((_, sum)) = sources.iter_mut().find(|(known, _)| *known == source) {
            sum.written = sum.written.plus(written);
            sum.newest = sum.newest.max(newest);
        } else {
            sources.push((source, Sum { written, newest, row }));
            self.entries += 1;
        }
    }

    pub(super) fn add_resting(&mut self, day: NaiveDate, written: Written, newest: Instant, row: u32) {
        let known = self.resting.entry(day).or_insert_with(|| {
            self.entries += 1;
            Sum { written, newest, row }
        });
        if newest >= known.newest {
            *known = Sum { written, newest, row };
        }
    }

    pub(super) fn is_too_much(&self) -> bool {
        self.entries > ENTRIES
    }

    /// How much is kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries
    }

    /// Hands out a row for each day and metric.
    pub(super) fn tell(self, reading: &Reading, on_row: &mut OnRow<'_>) -> ControlFlow<()> {
        for (day, sources) in self.steps {
            let most = sources
                .into_iter()
                .map(|(_, sum)| sum)
                .reduce(|best, next| if next.written.value > best.written.value { next } else { best });
            if let Some(sum) = most {
                on_row(sum.row, row(day, Metric::Steps, sum, "count", reading))?;
            }
        }
        for (day, sum) in self.resting {
            on_row(sum.row, row(day, Metric::RestingHeartRate, sum, "bpm", reading))?;
        }
        ControlFlow::Continue(())
    }
}

fn row(day: NaiveDate, metric: Metric, sum: Sum, unit: &str, reading: &Reading) -> Result<Taken, Fault> {
    let mut draft = draft(reading, sum.row);
    draft.see(sum.newest, "endDate")?;
    let record = Record {
        kind: RecordKind::Day,
        start: day.and_time(NaiveTime::MIN).and_utc(),
        end: None,
        day: LocalDay::new(day),
        provider_id: None,
    };
    draft.add(&record, metric, Some(sum.written), unit, "value")?;
    Ok(draft.finish())
}
