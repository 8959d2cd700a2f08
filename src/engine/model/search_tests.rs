//! One metric, Monday by Monday.

use super::*;

const MONDAY: i32 = 738_886;

/// A calm series, with a step of `size` SD from the day `from` on.
fn days(count: i32, from: i32, size: f64) -> Vec<Point> {
    (0..count)
        .map(|index| {
            let turn = f64::from((index * 7919).rem_euclid(101)) / 101.0 - 0.5;
            let step = if index >= from { size } else { 0.0 };
            Point { day: MONDAY + index, value: 3.4 * turn + step }
        })
        .collect()
}

fn weeks(history: &[Point], count: i32) -> Vec<(i32, Look)> {
    let mut watch = Watch::default();
    (0..count)
        .map(|week| {
            let today = MONDAY + 7 * week;
            let look = look(&watch, history, today);
            watch = look.next;
            (7 * week, look)
        })
        .collect()
}

fn outcomes(history: &[Point], count: i32) -> Vec<(i32, Outcome)> {
    let mut all: Vec<(i32, Outcome)> =
        weeks(history, count).into_iter().map(|(day, step)| (day, step.outcome)).collect();
    all.dedup_by_key(|(_, outcome)| *outcome);
    all
}

#[test]
fn a_lasting_step_is_raised_then_confirmed_then_passes() {
    let history = days(400, 154, 3.0);
    let expected = [
        Outcome::NotEnough,
        Outcome::Nothing,
        Outcome::Raised,
        Outcome::Resting,
        Outcome::Supported,
        Outcome::Confirmed,
        Outcome::Resting,
        Outcome::Passed,
        Outcome::Nothing,
    ];
    let seen: Vec<Outcome> = outcomes(&history, 57).iter().map(|one| one.1).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_raise_is_held_at_c_and_its_looks_see_only_the_days_since() {
    let history = days(400, 154, 3.0);
    let steps = weeks(&history, 57);
    let raised = steps.iter().position(|(_, step)| step.outcome == Outcome::Raised);
    let raised = raised.expect("the step is raised");
    assert!(steps[raised].1.at_most_c);
    let first = steps[raised + 2].1;
    assert_eq!(first.outcome, Outcome::Supported);
    assert_eq!(first.found.expect("a comparison").n_after, 14);
    assert!(!first.at_most_c);
    let last = steps[raised + 6].1;
    assert_eq!(last.outcome, Outcome::Confirmed);
    assert_eq!(last.found.expect("a comparison").n_after, 42);
}

#[test]
fn a_passing_bump_expires_and_is_not_searched_until_all_recent_days_are_new() {
    let mut history = days(400, 154, 3.0);
    for point in history.iter_mut().filter(|point| point.day >= MONDAY + 175) {
        point.value -= 3.0;
    }
    let steps = weeks(&history, 57);
    let at = |outcome| {
        let found = steps.iter().find(|(_, step)| step.outcome == outcome);
        found.expect("it happens").0
    };
    let (raised, expired) = (at(Outcome::Raised), at(Outcome::Expired));
    assert_eq!(expired - raised, LAST_LOOK);
    let resumed = steps.iter().find(|(day, step)| *day > expired && step.outcome != Outcome::Resting);
    assert_eq!(resumed.expect("it resumes").0, expired + 35);
}

#[test]
fn a_confirmation_that_turns_round_is_doubted_without_a_comparison() {
    let mut history = days(400, 154, 3.0);
    for point in history.iter_mut().filter(|point| point.day >= MONDAY + 175) {
        point.value -= 6.0;
    }
    let steps = weeks(&history, 57);
    let doubted = steps.iter().rfind(|(_, step)| step.outcome == Outcome::Doubted);
    assert_eq!(doubted.expect("it is doubted").1.found, None);
}

#[test]
fn missed_mondays_end_a_watch_by_its_latest_look() {
    let history = days(200, 400, 0.0);
    let raise = Raise { sought: Sought::Change, raised_on: MONDAY, since: MONDAY - 29, rises: true };
    let raised = |standing| Watch::Raised { raise, standing };
    let stands = look(&raised(true), &history, MONDAY + 56);
    assert_eq!(stands.outcome, Outcome::Confirmed);
    let falls = look(&raised(false), &history, MONDAY + 56);
    assert_eq!(falls.outcome, Outcome::Expired);
    let resume_on = Some(MONDAY + LAST_LOOK + RECENT_DAYS);
    assert_eq!(falls.next, Watch::Idle { resume_on });
}

#[test]
fn a_watch_survives_being_stored() {
    let raise = Raise { sought: Sought::Step, raised_on: MONDAY, since: MONDAY - 20, rises: false };
    let watch = Watch::Raised { raise, standing: true };
    let text = serde_json::to_string(&watch).expect("it is written");
    let expected =
        r#"{"state":"raised","sought":"step","raised_on":738886,"since":738866,"rises":false,"standing":true}"#;
    assert_eq!(text, expected);
    let read: Watch = serde_json::from_str(&text).expect("it is read");
    assert_eq!(read, watch);
}
