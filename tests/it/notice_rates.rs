//! How often a person would be told, on real exports: a notice that is raised every week is read by nobody.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::command::{Store, samples};

const SAMPLES: [(&str, &[&str]); 7] = [
    ("whoop/samples/bobahyun-Whoop-Health-Data", &["physiological_cycles.csv", "sleeps.csv"]),
    ("whoop/samples/TheOneRichy-whoop_data", &["physiological_cycles.csv", "sleeps.csv", "workouts.csv"]),
    ("whoop/samples/haquannes-whoop", &["physiological_cycles.csv"]),
    ("strava/samples/Darixxxon-MyStravaAnalytics", &["activities.csv"]),
    ("strava/samples/AhmedAldahshoury-StravaData", &["activities.csv"]),
    (
        "garmin/samples/MacGoesRunning-garmin-data-MacGoesRunning",
        &["daily_summaries.csv", "sleep_score.csv", "resting_heart_rate.csv", "hrv.csv"],
    ),
    ("garmin/samples/RADAR-base-RADAR-PushEndpoint", &["dailies.json"]),
];

#[test]
fn a_standing_condition_is_one_episode_on_every_real_export() {
    let Some(folder) = samples() else { return };
    for (sample, names) in SAMPLES {
        let files: Vec<PathBuf> = names.iter().map(|name| folder.join(sample).join(name)).collect();
        let store = Store::new("2026-11-21T08:00:00Z");
        store.import(&files);
        store.json(&["loop"]);
        let audit = |kind: &str| -> Vec<Value> {
            let text = store.text(&["--json", "audit", "--type", kind]);
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let days: Vec<Value> = audit("day_assessed").into_iter().filter(|e| e["content"]["present"] == false).collect();
        // Episodes, not events: a rise to a higher level is the same one.
        let mut episodes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for raised in audit("safety_notice_raised") {
            let notice = &raised["content"]["notice"];
            let text = |key: &str| notice[key].as_str().unwrap().to_owned();
            episodes.entry(text("rule")).or_default().insert(text("id"), text("level"));
        }
        let years = days.len() as f64 / 365.0;
        let total: usize = episodes.values().map(BTreeMap::len).sum();
        println!("{sample}: {} days with data, {total} notices, {:.1} a person-year", days.len(), total as f64 / years);
        for (rule, of_rule) in &episodes {
            println!("  {rule}: {} ({:?})", of_rule.len(), of_rule.values().collect::<Vec<_>>());
        }
        let oxygen = episodes.get("spo2_low").map_or(0, BTreeMap::len);
        // The plain rule "below 94 on 2 of 3 nights" fires on 174 of 218 and 63 of 364 nights of two of them.
        assert!(oxygen as f64 <= 4.0 * years.max(0.5), "{sample}: {oxygen} notices of low oxygen");
        assert!(total as f64 <= 12.0 * years.max(0.5), "{sample}: {total} notices in {years:.2} years");
        assert_eq!(store.json(&["verify"])["ok"], true);
    }
}
