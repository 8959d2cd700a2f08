//! Real exports, where they lie beside the repository: every row read, every rejection with a reason.

mod answers;
mod counts;
mod damage;
mod nights;
mod values;

use std::ops::ControlFlow;
use std::path::Path;

use candor::domain::observation::Observation;
use candor::engine::ports::export::{ExportReader, Part, ReadContext, Rejection, Row, Survey};
use candor::providers::ExportFiles;
use chrono_tz::Tz;

use crate::command::samples;

fn context(zone: Tz) -> ReadContext {
    ReadContext { home_zone: zone, now: "2026-11-20T12:00:00Z".parse().expect("an instant") }
}

struct ReadFile {
    part: Part,
    survey: Survey,
    observations: Vec<Observation>,
    activities: usize,
    rejections: Vec<Rejection>,
    rows: u64,
}

fn read(path: &Path, zone: Tz) -> Vec<ReadFile> {
    let context = context(zone);
    let parts = ExportFiles.parts(path).unwrap_or_else(|e| panic!("{e}"));
    let read_part = |part: Part| {
        let survey = ExportFiles.survey(path, &part, &context, &mut |_| {}).unwrap_or_else(|e| panic!("{e}"));
        let mut read =
            ReadFile { part, survey, observations: Vec::new(), activities: 0, rejections: Vec::new(), rows: 0 };
        let as_of = read.survey.newest.unwrap_or(context.now);
        let part = read.part.clone();
        ExportFiles
            .rows(path, &part, &context, as_of, &mut |number, row| {
                read.rows += 1;
                assert_eq!(u64::from(number), read.rows);
                match row {
                    Row::Observations(found) => read.observations.extend(found),
                    Row::Activity(_, found) => {
                        read.activities += 1;
                        read.observations.extend(found);
                    }
                    Row::Unused(_) => {}
                    Row::Rejected(rejection) => read.rejections.push(rejection),
                }
                ControlFlow::Continue(())
            })
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read.rows, read.survey.rows);
        for observation in &read.observations {
            assert!(observation.key.metric.check(observation.value).is_ok());
            assert!(observation.resolution > 0.0);
            assert!(observation.as_of <= context.now);
        }
        println!(
            "{} {}: {} rows, {} observations, {} activities, {} rejected, newest {:?}",
            read.part.name,
            read.part.format,
            read.rows,
            read.observations.len(),
            read.activities,
            read.rejections.len(),
            read.survey.newest,
        );
        for rejection in &read.rejections {
            println!("  row {}, {}: {}", rejection.row, rejection.field, rejection.reason);
        }
        read
    };
    parts.into_iter().map(read_part).collect()
}

fn one(path: &Path, zone: Tz) -> ReadFile {
    let mut files = read(path, zone);
    assert_eq!(files.len(), 1);
    files.remove(0)
}
