//! From a file to an answer to "why": what a person does with the API.

use serde_json::{Value, json};

use super::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demand_09_every_sentence_leads_to_its_evidence_with_the_confidence_beside_it() {
    let server = Server::with_story().await;
    let today = server.get("/today").await.ok();
    assert_eq!(today["newest_data"], "2026-04-06");
    let insights = server.get("/insights").await.ok();
    assert_eq!(today["insights"], insights);
    let step = insights.as_array().unwrap().iter().find(|insight| insight["kind"] == "step").expect("a step");
    assert!(step["confidence"].is_number() && step["statement"].as_str().unwrap().contains("How sure:"), "{step}");
    let why = server.get(&format!("/why/{}", step["id"].as_str().unwrap())).await.ok();
    for part in ["why", "how_confident", "what_would_change_it"] {
        assert!(why[part].as_str().unwrap().len() > 20, "{part}: {why}");
    }
    assert_eq!(why["evidence"], step["evidence"]);
    assert!(
        why["rows"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["file"] == "nights.ndjson" && row["row"].as_u64() > Some(0))
    );
    // Every sentence can be asked, and so can every event behind the answer.
    let text = server.get("/narratives/daily").await.ok();
    let graded = |sentence: &&Value| sentence["section"] != "uncertainty";
    for sentence in text["sentences"].as_array().unwrap().iter().filter(graded) {
        for claim in sentence["claim_ids"].as_array().unwrap() {
            let why = server.get(&format!("/why/{}", claim.as_str().unwrap())).await.ok();
            assert!(why["said"].as_array().unwrap().iter().any(|said| said["text"] == sentence["text"]), "{why}");
        }
    }
    let id = step["id"].as_str().unwrap();
    let trail = server.get(&format!("/audit/entity?entity_type=insight&entity_id={id}")).await.ok();
    let raised = &trail["events"].as_array().unwrap().last().unwrap();
    assert_eq!(raised["type"], "insight_raised");
    assert_eq!(raised["content"]["insight"]["id"], *id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_taken_twice_says_nothing_new() {
    let server = Server::new().await;
    let file = br#"{"metric":"steps","value":8000,"unit":"steps","start":"2026-04-01T20:00:00Z"}
{"metric":"steps","value":-1,"unit":"steps","start":"2026-04-02T20:00:00Z"}
"#;
    let first = server.upload("steps.ndjson", file.to_vec()).await.ok();
    assert_eq!((&first[0]["accepted"], &first[0]["rejected"]), (&json!(1), &json!(1)));
    assert_eq!(first[0]["rejections"][0]["row"], 2);
    let second = server.upload("steps.ndjson", file.to_vec()).await.ok();
    assert_eq!((&second[0]["accepted"], &second[0]["duplicates"]), (&json!(0), &json!(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_taken_item_by_item() {
    let server = Server::new().await;
    let item = |value: f64, unit: &str, day: u32| json!({ "metric": "resting_heart_rate", "value": value, "unit": unit, "start": format!("2026-04-0{day}T06:00:00+02:00") });
    let batch = json!({ "observations": [item(52.0, "bpm", 1), item(5200.0, "bpm", 2), item(53.0, "miles", 3)] });
    let taken = server.json("POST", "/observations", &batch).await.ok();
    assert_eq!((&taken["accepted"], &taken["rejected"]), (&json!(1), &json!(2)));
    let named: Vec<_> = taken["rejections"].as_array().unwrap().iter().map(|r| (&r["row"], &r["field"])).collect();
    assert_eq!(named, [(&json!(2), &json!("value")), (&json!(3), &json!("unit"))]);
    let again = server.json("POST", "/observations", &batch).await.ok();
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(1)));
    // A value that was measured again is the newer word, without anybody saying when.
    let later = json!({ "observations": [item(54.0, "bpm", 1)] });
    assert_eq!(server.json("POST", "/observations", &later).await.ok()["corrected"], 1);
    // What the person says of themselves is not for a device to say, nor what a provider measured.
    for (field, word) in [("kind", "checkin"), ("provider", "whoop")] {
        let mut spoken = item(52.0, "bpm", 4);
        spoken[field] = json!(word);
        let refused = server.json("POST", "/observations", &json!({ "observations": [spoken] })).await;
        assert_eq!(refused.status.as_u16(), 422, "{refused:?}");
    }
    let many = json!({ "observations": vec![item(52.0, "bpm", 1); 1_001] });
    let refused = server.json("POST", "/observations", &many).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["field"]), (422, &json!("observations")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_symptom_is_answered_at_once_and_stops_the_analysis() {
    let server = Server::with_story().await;
    let told = server.json("POST", "/checkins", &json!({ "symptoms": ["chest_pain"] })).await.ok();
    assert!(told["urgent"].as_str().unwrap().contains("emergency"), "{told}");
    let today = server.get("/today").await.ok();
    assert_eq!((&today["score"], today["insights"].as_array().unwrap().len()), (&Value::Null, 0));
    assert_eq!(today["notices"][0]["rule"], "red_flag_symptom");
    let text = server.get("/narratives/daily").await.ok();
    assert_eq!(text["sentences"][0]["text"], today["notices"][0]["text"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_and_consents_are_changed_one_by_one() {
    let server = Server::new().await;
    let profile = json!({ "age_band": "from18_to39", "conditions": [], "heart_medication": false });
    server.json("PATCH", "/me/profile", &profile).await.ok();
    let profile = server.json("PATCH", "/me/profile", &json!({ "home_zone": "Europe/Berlin" })).await.ok();
    assert_eq!((&profile["age_band"], &profile["home_zone"]), (&json!("from18_to39"), &json!("Europe/Berlin")));
    assert_eq!(server.get("/me/profile").await.ok(), profile);
    server.json("PUT", "/me/consents/narrative_by_model", &Value::Null).await.ok();
    let consents = server.json("DELETE", "/me/consents/provider:strava", &Value::Null).await.ok();
    assert_eq!(consents, json!({ "granted": ["processing", "narrative_by_model"], "withdrawn": ["provider:strava"] }));
    let unknown = server.json("PUT", "/me/consents/everything", &Value::Null).await;
    assert_eq!(unknown.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_is_fixed_logged_and_stopped() {
    let server = Server::with_story().await;
    let profile = json!({ "age_band": "from18_to39", "conditions": [], "heart_medication": false });
    server.json("PATCH", "/me/profile", &profile).await.ok();
    let wish = json!({ "intervention": "regular_bedtime", "start": "2026-04-06", "seed": 7 });
    let fixed = server.json("POST", "/experiments", &wish).await.ok();
    assert_eq!((&fixed["design"], &fixed["status"]), (&json!("randomised"), &json!("running")));
    assert_eq!(server.json("POST", "/experiments", &wish).await.ok(), fixed, "the same wish again");
    let id = fixed["id"].as_str().unwrap();
    let said = json!({ "days": ["2026-04-06"], "said": "as_scheduled" });
    server.json("POST", &format!("/experiments/{id}/adherence"), &said).await.ok();
    let one = server.get(&format!("/experiments/{id}")).await.ok();
    assert_eq!((&one["kept"], &one["scheduled"]), (&json!(1), &json!(1)));
    let tomorrow = json!({ "days": ["2026-04-07"], "said": "done" });
    let refused = server.json("POST", &format!("/experiments/{id}/adherence"), &tomorrow).await;
    assert_eq!(refused.json()["errors"][0]["rule"], "adherence_is_about_days_that_were_tried");
    server.json("POST", &format!("/experiments/{id}/stop"), &json!({ "reason": "travelling" })).await.ok();
    assert_eq!(server.get("/experiments").await.ok()[0]["status"], "stopped");
}
