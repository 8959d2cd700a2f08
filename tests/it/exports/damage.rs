//! Damaged samples.

use std::ops::ControlFlow;

use candor::engine::ports::export::ExportReader;
use candor::providers::ExportFiles;
use chrono_tz::Tz;

use super::{context, samples};

#[test]
fn damaged_samples_never_panic() {
    let Some(folder) = samples() else { return };
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("damaged");
    for file in [
        "whoop/samples/TheOneRichy-whoop_data/workouts.csv",
        "strava/samples/archipelagic-strava/activities.csv",
        "garmin/samples/MacGoesRunning-garmin-data-MacGoesRunning/sleep_score.csv",
        "garmin/samples/RADAR-base-RADAR-PushEndpoint/dailies.json",
    ] {
        let bytes = std::fs::read(folder.join(file)).expect("bytes");
        // A small generator of its own, so that a failure repeats.
        let mut state: u64 = 1;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).expect("31 bits") % below
        };
        for _ in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..=next(8) {
                let at = next(damaged.len());
                damaged[at] = b"\",\n{}[]-9eN\xff\0x"[next(14)];
            }
            if next(3) == 0 {
                damaged.truncate(next(bytes.len()));
            }
            std::fs::write(&path, &damaged).expect("written");
            let context = context(Tz::UTC);
            for part in ExportFiles.parts(&path).unwrap_or_default() {
                let _ = ExportFiles.survey(&path, &part, &context, &mut |_| {});
                let _ = ExportFiles.rows(&path, &part, &context, context.now, &mut |_, _| ControlFlow::Continue(()));
            }
        }
    }
}
