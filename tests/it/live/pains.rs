//! What users of comparable systems complained about, each as a case of its own; the numbers are those of the list of demands.

use candor::domain::day::LocalDay;
use candor::domain::metric::Metric;
use candor::domain::observation::RecordKind;
use candor::domain::provider::Provider;
use candor::engine::ports::views::ActivityFilter;
use serde_json::{Value, json};

use super::arrival::{Person, zipped};
use super::week::{Week, at, sleep_id};

const NOW: &str = "2026-05-10T12:00:00Z";

fn cycle(id: u64, start: &str, end: Option<&str>, kilojoule: f64) -> Value {
    let mut cycle = json!({
        "id": id, "user_id": 7, "created_at": start, "updated_at": end.unwrap_or(start), "start": start,
        "timezone_offset": "+02:00", "score_state": "SCORED",
        "score": { "strain": 8.5, "kilojoule": kilojoule, "average_heart_rate": 70, "max_heart_rate": 150 },
    });
    if let Some(end) = end {
        cycle["end"] = json!(end);
    }
    cycle
}

pub(super) fn night(id: &str, start: &str, end: &str, offset: &str, updated: &str, asleep: u64) -> Value {
    json!({
        "id": id, "cycle_id": 1, "user_id": 7, "created_at": end, "updated_at": updated, "start": start, "end": end,
        "timezone_offset": offset, "nap": false, "score_state": "SCORED", "score": { "stage_summary": {
            "total_in_bed_time_milli": asleep + 600_000, "total_awake_time_milli": 600_000, "total_no_data_time_milli": 0,
            "total_light_sleep_time_milli": asleep, "total_slow_wave_sleep_time_milli": 0,
            "total_rem_sleep_time_milli": 0, "sleep_cycle_count": 3, "disturbance_count": 2,
        } },
    })
}

fn entries(entries: &[Value]) -> String {
    json!({ "whoop_cycles": entries }).to_string()
}

pub(super) fn sleeps(sleeps: &[Value]) -> String {
    json!({ "whoop_sleeps": sleeps }).to_string()
}

fn days(found: &[(String, f64)]) -> Vec<&str> {
    found.iter().map(|(day, _)| day.as_str()).collect()
}

async fn slept(person: &Person) -> Vec<(String, f64)> {
    person.of(RecordKind::Sleep, Metric::SleepDuration).await
}

/// Ids were numbers once and are texts now: neither breaks a record, and a night that was read under both is one night.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_02_an_id_that_turns_from_a_number_into_a_text_doubles_nothing() {
    let person = Person::new(NOW).await;
    let (from, to) = ("2026-05-08T21:00:00.100Z", "2026-05-09T05:00:00.200Z");
    let mut old = night("x", from, to, "+02:00", "2026-05-09T05:10:00Z", 27_000_000);
    old["id"] = json!(93_845);
    person.take(sleeps(&[old])).await;
    let new = night("ecfc6a15-4661-442f-a9a4-f160dd7afae8", from, to, "+02:00", "2026-05-09T06:00:00Z", 27_000_000);
    person.take(sleeps(std::slice::from_ref(&new))).await;
    assert_eq!(slept(&person).await, [("2026-05-09".to_owned(), 450.0)]);
    // It is deleted by the id it has now.
    assert_eq!(person.delete("93845", NOW).await, 0);
    assert!(person.delete("ecfc6a15-4661-442f-a9a4-f160dd7afae8", NOW).await > 0);
    assert!(slept(&person).await.is_empty());
    person.holds().await;
}

/// A recovery has neither an id nor a time: its sleep has both, and when the sleep goes it goes with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_03_a_recovery_is_resolved_through_its_sleep_and_goes_with_it() {
    let week = Week::new();
    let person = Person::new(NOW).await;
    person.take(week.cycles(at(NOW), 0..2).to_string()).await;
    let recovered = person.of(RecordKind::Recovery, Metric::RecoveryScore).await;
    assert_eq!(days(&recovered), ["2026-05-04", "2026-05-05"]);
    let scores = person.scores().await;
    assert_eq!(scores.keys().collect::<Vec<_>>(), ["2026-05-04", "2026-05-05"]);
    // 12 values of the night and 5 of the recovery; the cycle stays.
    assert_eq!(person.delete(&sleep_id(1), NOW).await, 17);
    assert_eq!(person.delete(&sleep_id(1), NOW).await, 0, "a deletion that is told again is nothing new");
    assert_eq!(days(&person.of(RecordKind::Recovery, Metric::RecoveryScore).await), ["2026-05-04"]);
    assert_eq!(days(&person.of(RecordKind::Cycle, Metric::Strain).await), ["2026-05-04", "2026-05-05"]);
    // The score that rested on it is gone at once, and no loop brings it back.
    assert_eq!(person.told_scores().await.keys().collect::<Vec<_>>(), ["2026-05-04"]);
    assert_eq!(person.scores().await.keys().collect::<Vec<_>>(), ["2026-05-04"]);
    person.holds().await;
    // A recovery that is deleted alone leaves its sleep.
    let alone = (sleep_id(0), RecordKind::Recovery);
    let of_kind = (alone.0.as_str(), alone.1);
    let retracted =
        person.engine.retract_record_of_kind(person.id, Provider::Whoop, of_kind, "deleted_by_provider", at(NOW));
    assert_eq!(retracted.await.unwrap(), 5);
    assert_eq!(days(&slept(&person).await), ["2026-05-04"]);
}

/// Two cycles begin on one date, just after midnight and just before the next: each is filed under the day of its wake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_06_two_cycles_on_one_local_date_double_no_energy_and_leave_no_day_empty() {
    let person = Person::new(NOW).await;
    // 00:20 and 23:50 of 8 May at +02:00.
    let first = ("2026-05-07T22:20:00.500Z", "2026-05-08T21:50:00.400Z");
    let second = (first.1, "2026-05-09T22:00:00Z");
    person
        .take(entries(&[
            json!({ "cycle": cycle(2, second.0, Some(second.1), 8_368.0), "recovery": null,
                "sleep": night("b", second.0, "2026-05-09T05:30:00Z", "+02:00", "2026-05-09T06:00:00Z", 25_000_000) }),
            json!({ "cycle": cycle(1, first.0, Some(first.1), 10_460.0), "recovery": null,
                "sleep": night("a", first.0, "2026-05-08T05:30:00Z", "+02:00", "2026-05-08T06:00:00Z", 25_000_000) }),
        ]))
        .await;
    // 10,460 kJ and 8,368 kJ at 4.184 kJ.
    let energy = person.of(RecordKind::Cycle, Metric::Energy).await;
    assert_eq!(energy, [("2026-05-08".to_owned(), 2_500.0), ("2026-05-09".to_owned(), 2_000.0)]);
    let history = person.engine.history(person.id, LocalDay::FIRST).await.unwrap();
    let of_day = |day: &str| history.on(Metric::Energy, day.parse().unwrap()).unwrap().value;
    assert_eq!((of_day("2026-05-08"), of_day("2026-05-09")), (2_500.0, 2_000.0));
}

/// A cycle that began yesterday evening and is still open is today's, whether or not its night is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_07_an_open_cycle_is_matched_by_its_wake_or_by_now_and_not_by_the_day_it_began() {
    let start = "2026-05-09T21:10:00Z";
    let sleep = night("a", start, "2026-05-10T05:00:00Z", "+02:00", "2026-05-10T05:10:00Z", 25_000_000);
    for sleep in [sleep, Value::Null] {
        let person = Person::new(NOW).await;
        person
            .take(entries(&[json!({ "cycle": cycle(1, start, None, 4_184.0), "sleep": sleep, "recovery": null })]))
            .await;
        assert_eq!(person.of(RecordKind::Cycle, Metric::Energy).await, [("2026-05-10".to_owned(), 1_000.0)]);
    }
}

/// The same night is told again and again, a little later each time: it is known once, and its day has one score.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_08_a_night_that_is_synced_again_has_one_value_and_its_day_one_score() {
    let week = Week::new();
    let person = Person::new(NOW).await;
    for now in ["2026-05-06T08:00:00Z", "2026-05-06T22:30:00Z", "2026-05-07T08:00:00Z", NOW] {
        person.take(week.cycles(at(now), [2]).to_string()).await;
        person.take(week.sleeps(at(now), &[2]).to_string()).await;
        assert_eq!(days(&slept(&person).await), ["2026-05-06"]);
        assert_eq!(person.scores().await.len(), 1);
    }
    person.take(zipped(&week.export(at(NOW)))).await;
    assert_eq!(days(&slept(&person).await).iter().filter(|day| **day == "2026-05-06").count(), 1);
    person.holds().await;
}

/// The day of a night is that of the wake on the person's clock, east and west of UTC and after a journey.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_09_a_night_is_filed_under_the_local_day_of_its_wake_wherever_that_was() {
    let person = Person::new(NOW).await;
    let of = |id: &str, from: &str, to: &str, offset: &str| night(id, from, to, offset, to, 18_000_000);
    person
        .take(sleeps(&[
            // 23:30 to 06:30 in Tokyo: it ends on the day before in UTC.
            of("a", "2026-05-03T14:30:00Z", "2026-05-03T21:30:00Z", "+09:00"),
            // 22:00 to 05:00 in Honolulu: it begins on the day after in UTC.
            of("b", "2026-05-06T08:00:00Z", "2026-05-06T15:00:00Z", "-10:00"),
            // Asleep after midnight.
            of("c", "2026-05-08T00:10:00Z", "2026-05-08T07:00:00Z", "Z"),
        ]))
        .await;
    assert_eq!(days(&slept(&person).await), ["2026-05-04", "2026-05-06", "2026-05-08"]);
}

/// A score that comes hours later reaches its day; until then there is none, and not yesterday's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_10_a_late_score_reaches_its_day_and_until_then_nothing_stands_in_for_it() {
    let week = Week::new();
    let person = Person::new(NOW).await;
    person.take(week.cycles(at("2026-05-08T07:30:00Z"), 3..5).to_string()).await;
    assert_eq!(days(&slept(&person).await), ["2026-05-07"]);
    assert_eq!(person.scores().await.keys().collect::<Vec<_>>(), ["2026-05-07"]);
    person.take(week.cycles(at(NOW), 3..5).to_string()).await;
    assert_eq!(days(&slept(&person).await), ["2026-05-07", "2026-05-08"]);
    assert_eq!(person.scores().await.keys().collect::<Vec<_>>(), ["2026-05-07", "2026-05-08"]);
    // What was pending does not come back over it.
    person.take(week.cycles(at("2026-05-08T07:30:00Z"), 3..5).to_string()).await;
    assert_eq!(days(&slept(&person).await), ["2026-05-07", "2026-05-08"]);
    person.holds().await;
}

/// A night that was edited to be shorter: what was asleep in it is what is left of it, and one whose stages do not fit is
/// refused by name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_11_an_edited_night_is_never_longer_asleep_than_in_bed_and_may_move_to_another_date() {
    let person = Person::new(NOW).await;
    let (from, to) = ("2026-05-08T21:00:00Z", "2026-05-09T05:00:00Z");
    person.take(sleeps(&[night("a", from, to, "+02:00", "2026-05-09T05:10:00Z", 27_000_000)])).await;
    // The watch lay on the table until two: a start that is five hours later, with the same end.
    let cut = night("a", "2026-05-09T02:00:00Z", to, "+02:00", "2026-05-09T09:00:00Z", 10_200_000);
    let report = person.take(sleeps(&[cut])).await;
    assert_eq!((report[0].corrected, report[0].accepted), (1, 0));
    assert_eq!(slept(&person).await, [("2026-05-09".to_owned(), 170.0)]);
    assert_eq!(person.of(RecordKind::Sleep, Metric::SleepInBed).await, [("2026-05-09".to_owned(), 180.0)]);
    // The whole night belongs to another date, with no minute in common: its id tells that it is the same.
    let moved =
        night("a", "2026-05-06T21:00:00Z", "2026-05-07T05:00:00Z", "+02:00", "2026-05-09T10:00:00Z", 27_000_000);
    person.take(sleeps(&[moved])).await;
    assert_eq!(slept(&person).await, [("2026-05-07".to_owned(), 450.0)]);
    // A word of before the edits changes nothing.
    person.take(sleeps(&[night("a", from, to, "+02:00", "2026-05-09T05:10:00Z", 27_000_000)])).await;
    assert_eq!(slept(&person).await, [("2026-05-07".to_owned(), 450.0)]);
    person.holds().await;
}

/// An answer without records, one whose score is pending, one that never will be scored, and one that was deleted: none of
/// them is a zero.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_12_what_is_not_there_is_told_apart_and_never_zero() {
    let person = Person::new(NOW).await;
    let nothing = person.take(sleeps(&[])).await;
    assert_eq!((nothing[0].read, nothing[0].accepted), (0, 0));
    let of = |id: &str, day: u32, state: &str| {
        let (from, to) = (format!("2026-05-{:02}T21:00:00Z", day - 1), format!("2026-05-{day:02}T05:00:00Z"));
        let mut sleep = night(id, &from, &to, "+02:00", &to, 27_000_000);
        if state != "SCORED" {
            sleep.as_object_mut().unwrap().remove("score");
        }
        sleep["score_state"] = json!(state);
        sleep
    };
    let answer = [of("a", 6, "SCORED"), of("b", 7, "PENDING_SCORE"), of("c", 8, "UNSCORABLE"), of("d", 9, "SCORED")];
    let report = person.take(sleeps(&answer)).await;
    assert_eq!((report[0].read, report[0].accepted, report[0].unused), (4, 3, 1));
    assert!(person.delete("d", NOW).await > 0);
    assert_eq!(days(&slept(&person).await), ["2026-05-06"]);
    // What cannot be scored was slept all the same: the time in bed is known, and nothing of the sleep in it.
    assert_eq!(days(&person.of(RecordKind::Sleep, Metric::SleepInBed).await), ["2026-05-06", "2026-05-08"]);
    // The answers themselves are kept, so that anybody can look what they held.
    assert_eq!(person.engine.imported(person.id).await.unwrap().len(), 2);
}

/// Two rides on one day, one inside the other's hours, of one kind: both stand, whatever is told of them again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_15_two_rides_on_one_day_stand_beside_each_other() {
    let person = Person::new(NOW).await;
    let ride = |id: &str, start: &str, end: &str, updated: &str, strain: f64| {
        json!({
            "id": id, "user_id": 7, "created_at": end, "updated_at": updated, "start": start, "end": end,
            "timezone_offset": "+02:00", "sport_name": "cycling", "score_state": "SCORED",
            "score": { "strain": strain, "average_heart_rate": 120, "max_heart_rate": 160, "kilojoule": 900.5,
                "percent_recorded": 100.0, "zone_durations": {} },
        })
    };
    let there = ride("a", "2026-05-09T06:00:00Z", "2026-05-09T08:00:00Z", "2026-05-09T08:10:00Z", 9.5);
    let within = ride("b", "2026-05-09T06:40:00Z", "2026-05-09T07:10:00Z", "2026-05-09T09:10:00Z", 5.5);
    for rides in [[&there, &within], [&within, &there]] {
        person.take(json!({ "whoop_workouts": rides }).to_string()).await;
        let strains = person.of(RecordKind::Activity, Metric::ActivityStrain).await;
        assert_eq!(strains, [("2026-05-09".to_owned(), 5.5), ("2026-05-09".to_owned(), 9.5)]);
    }
    // One of them is edited, and stays one: its id says which.
    let edited = ride("b", "2026-05-09T06:50:00Z", "2026-05-09T07:10:00Z", "2026-05-09T10:00:00Z", 4.5);
    person.take(json!({ "whoop_workouts": [edited] }).to_string()).await;
    let strains = person.of(RecordKind::Activity, Metric::ActivityStrain).await;
    assert_eq!(strains, [("2026-05-09".to_owned(), 4.5), ("2026-05-09".to_owned(), 9.5)]);
    let all = ActivityFilter::default();
    let activities = async || person.engine.views.activities(person.id, &all, None, 10).await.unwrap().len();
    assert_eq!(activities().await, 2);
    assert!(person.delete("a", NOW).await > 0);
    assert_eq!(activities().await, 1);
    person.holds().await;
}

/// Garmin sends a day again while it grows, and a night while it is looked at: what is shorter or less final and comes late
/// changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garmin_summaries_that_are_sent_again_replace_what_is_shorter_or_less_final_in_any_order() {
    let daily = |seconds: u32, steps: u32| {
        json!({ "dailies": [{ "userId": "u", "summaryId": format!("d{steps}"), "calendarDate": "2026-05-09",
            "startTimeInSeconds": 1_778_277_600, "startTimeOffsetInSeconds": 7200, "durationInSeconds": seconds,
            "steps": steps }] })
    };
    let sleep = |validation: &str, deep: u32| {
        json!({ "sleeps": [{ "userId": "u", "summaryId": format!("s{deep}"), "calendarDate": "2026-05-09",
            "startTimeInSeconds": 1_778_274_000, "startTimeOffsetInSeconds": 7200, "durationInSeconds": 28_800,
            "validation": validation, "deepSleepDurationInSeconds": deep, "lightSleepDurationInSeconds": 14_400 }] })
    };
    let bodies = [
        daily(30_000, 4_000),
        daily(86_400, 9_000),
        sleep("AUTO_TENTATIVE", 3_600),
        sleep("ENHANCED_FINAL", 4_200),
        sleep("AUTO_FINAL", 4_800),
    ];
    for order in [[0, 1, 2, 3, 4], [1, 0, 3, 4, 2], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1], [3, 2, 1, 4, 0]] {
        let person = Person::new(NOW).await;
        for n in order.into_iter().chain(order) {
            person.take(bodies[n].to_string()).await;
        }
        assert_eq!(person.of(RecordKind::Day, Metric::Steps).await, [("2026-05-09".to_owned(), 9_000.0)]);
        assert_eq!(person.of(RecordKind::Sleep, Metric::SleepDeep).await, [("2026-05-09".to_owned(), 70.0)]);
        assert_eq!(slept(&person).await, [("2026-05-09".to_owned(), 310.0)]);
        person.holds().await;
    }
}
