//! The assistant's groundwork: it tells what the stages have told, and each word of it can be asked about.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Server;

fn told(answer: &Value) -> Vec<(String, Vec<String>)> {
    let one = |told: &Value| {
        let ids = told["claim_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        (told["text"].as_str().unwrap().to_owned(), ids)
    };
    answer.as_array().unwrap().iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_with_what_was_told_and_why_resolves_each_of_it() {
    let server = Server::with_story().await;
    let mut known: BTreeSet<String> = BTreeSet::new();
    for insight in server.get("/insights").await.ok().as_array().unwrap() {
        known.insert(insight["statement"].as_str().unwrap().to_owned());
    }
    for sentence in server.get("/narratives/daily").await.ok()["sentences"].as_array().unwrap() {
        known.insert(sentence["text"].as_str().unwrap().to_owned());
    }
    let ask = json!({ "question": "Why do I sleep less than before?" });
    let answer = server.json("POST", "/insights/evaluate", &ask).await.ok();
    assert_eq!(answer["topics"], json!(["sleep"]));
    let mut all = told(&answer["answer"]);
    assert!(all.len() > 1, "{answer}");
    all.extend(told(&answer["recommendations"]));
    all.extend(told(&json!([answer["today_recommendation"], answer["trend_insight"]])));
    for (text, ids) in &all {
        assert!(known.contains(text), "{text:?} was never told before");
        assert!(!ids.is_empty(), "{text}");
        for id in ids {
            server.get(&format!("/why/{id}")).await.ok();
        }
    }
    assert!(answer["trend_insight"]["text"].as_str().unwrap().contains("sleep"), "{answer}");
    for id in answer["follow_ups"].as_array().unwrap() {
        server.get(&format!("/why/{}", id.as_str().unwrap())).await.ok();
    }
    let nothing = json!({ "question": "What about my weight?" });
    let answer = server.json("POST", "/insights/evaluate", &nothing).await.ok();
    assert_eq!(answer["answer"][0]["text"], "This was never measured here.");
    assert_eq!(answer["answer"][0]["claim_ids"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sitting_goes_on_with_its_topic_and_is_summed_up_after_six_questions() {
    let server = Server::with_story().await;
    let first = server.json("POST", "/insights/evaluate", &json!({ "question": "How is my sleep?" })).await.ok();
    let session = first["session_id"].as_str().unwrap().to_owned();
    let again = json!({ "question": "And since when?", "session_id": session });
    for number in 2..=6 {
        let answer = server.json("POST", "/insights/evaluate", &again).await.ok();
        assert_eq!((&answer["topics"], &answer["sitting"]["questions"]), (&json!(["sleep"]), &json!(number)));
        assert_eq!(answer["sitting"]["asked"], json!({ "sleep": number }));
    }
    let trail = server.get(&format!("/audit/entity?entity_type=conversation&entity_id={session}")).await.ok();
    let kinds: Vec<&str> = trail["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "conversation_summarised", "after the sixth");
    assert_eq!(kinds[1..], ["question_answered"; 6]);
    assert_eq!(trail["events"][0]["content"]["gist"]["questions"], 6);
    assert_eq!(trail["events"][1]["content"]["question"], "And since when?");
    let other = server.json("POST", "/insights/evaluate", &json!({ "question": "And since when?" })).await.ok();
    assert_eq!(
        (&other["topics"], &other["trend_insight"]),
        (&json!([]), &Value::Null),
        "another sitting knows nothing of it"
    );
    assert!(other["answer"][0]["text"].as_str().unwrap().starts_with("No word of this names"), "{other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_objective_moves_what_is_told_first_and_counts_the_days() {
    let server = Server::with_story().await;
    let race = json!({
        "goal": "movement", "event": "City run", "event_day": "2026-05-06", "since": "2026-04-01", "until": "2026-05-06"
    });
    let set = server.json("POST", "/me/objectives", &race).await.ok();
    assert_eq!((&set["stands"], &set["days_left"]), (&json!(true), &json!(30)), "{set}");
    let again = server.json("POST", "/me/objectives", &race).await.ok();
    assert_eq!(again["id"], set["id"], "the same wish is the same objective");
    let daily = server.get("/insights/daily").await.ok();
    assert_eq!(daily["objectives"][0]["event"], "City run");
    assert!(!daily["summary"].as_array().unwrap().is_empty() && !daily["uncertainty"].as_array().unwrap().is_empty());

    let rest = json!({ "goal": "sleep" });
    server.json("POST", "/me/objectives", &rest).await.ok();
    let daily = server.get("/insights/daily").await.ok();
    assert!(daily["insights"][0]["text"].as_str().unwrap().contains("sleep"), "{daily}");

    let id = set["id"].as_str().unwrap();
    assert_eq!(
        server.json("DELETE", &format!("/me/objectives/{id}"), &Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        server.json("DELETE", &format!("/me/objectives/{id}"), &Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(server.get("/me/objectives").await.ok().as_array().unwrap().len(), 1);
    let trail = server.get(&format!("/audit/entity?entity_type=objective&entity_id={id}")).await.ok();
    assert_eq!(trail["events"].as_array().unwrap().len(), 2, "set once, ended once");

    let late = json!({ "goal": "training", "event_day": "2026-03-01", "since": "2026-04-01" });
    let refused = server.json("POST", "/me/objectives", &late).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["rule"], "event_lies_in_its_objective");
    for day in 1..=9 {
        server
            .json("POST", "/me/objectives", &json!({ "goal": "calm", "since": format!("2026-04-0{day}") }))
            .await
            .ok();
    }
    let many = server.json("POST", "/me/objectives", &json!({ "goal": "energy" })).await;
    assert_eq!(many.json()["errors"][0]["rule"], "objectives_at_once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_noted_stands_beside_what_rests_on_those_days_and_in_no_text() {
    let server = Server::with_story().await;
    let insight = server.get("/insights").await.ok()[0].clone();
    let (id, last) = (insight["id"].as_str().unwrap(), insight["evidence"]["window"]["last"].as_str().unwrap());
    let before = server.get("/narratives/daily").await.ok();
    let note = json!({ "event_type": "travel", "day": last, "note": "Night train to Xanadu" });
    let noted = server.json("POST", "/insights/context", &note).await.ok();
    assert_eq!(server.json("POST", "/insights/context", &note).await.ok()["id"], noted["id"]);
    server.json("POST", "/insights/context", &json!({ "event_type": "illness", "day": "2020-01-01" })).await.ok();
    let why = server.get(&format!("/why/{id}")).await.ok();
    assert_eq!(why["noted"], json!([noted]), "the note of those days and no other, once");
    server.json("POST", "/loop", &Value::Null).await.ok();
    assert_eq!(server.get("/narratives/daily").await.ok(), before);

    for (field, value) in [("event_type", json!("party")), ("until", json!("2019-01-01")), ("note", json!(""))] {
        let mut wrong = note.clone();
        wrong[field] = value;
        let refused = server.json("POST", "/insights/context", &wrong).await;
        assert_eq!(
            (refused.status, refused.json()["errors"][0]["field"].clone()),
            (StatusCode::UNPROCESSABLE_ENTITY, json!(field))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_stands_first_in_every_answer_and_nothing_is_analysed_beside_it() {
    let server = Server::with_story().await;
    server.json("POST", "/checkins", &json!({ "symptoms": ["chest_pain"] })).await.ok();
    let notice = server.get("/today").await.ok()["notices"][0]["text"].clone();
    let answer = server.json("POST", "/insights/evaluate", &json!({ "question": "How do I sleep?" })).await.ok();
    assert_eq!(answer["notices"][0]["text"], notice);
    assert_eq!(answer["today_recommendation"]["text"], notice);
    assert_eq!((&answer["recommendations"], &answer["trend_insight"]), (&json!([]), &Value::Null));
    assert_eq!(answer["answer"].as_array().unwrap().len(), 1, "{answer}");
    let daily = server.get("/insights/daily").await.ok();
    assert_eq!((&daily["notices"][0]["text"], &daily["insights"]), (&notice, &json!([])));
}

/// Everything that the assistant tells of, by its text.
async fn everything(server: &Server) -> String {
    let answer = server.json("POST", "/insights/evaluate", &json!({})).await.ok();
    let daily = server.get("/insights/daily").await.ok();
    let mut all = told(&answer["answer"]);
    for list in [&answer["recommendations"], &daily["summary"], &daily["insights"], &daily["recommendations"]] {
        all.extend(told(list));
    }
    all.extend(told(&json!([answer["today_recommendation"]])));
    all.into_iter().map(|(text, _)| text + "\n").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_disputed_declined_or_taken_back_is_told_no_more_before_any_loop() {
    let server = Server::with_story().await;
    let insights = server.get("/insights").await.ok();
    let moved = &insights[0];
    let (id, statement) = (moved["id"].as_str().unwrap(), moved["statement"].as_str().unwrap());
    let text = server.get("/narratives/daily").await.ok();
    let steps: Vec<&Value> =
        text["sentences"].as_array().unwrap().iter().filter(|s| s["section"] == "next_step").collect();
    assert!(everything(&server).await.contains(statement) && steps.len() > 1);

    let suggestion = steps[0]["claim_ids"][0].as_str().unwrap().split('@').next().unwrap();
    assert!(everything(&server).await.contains(steps[0]["text"].as_str().unwrap()));
    server.json("PUT", &format!("/interventions/{suggestion}/declined"), &Value::Null).await.ok();
    assert!(!everything(&server).await.contains(steps[0]["text"].as_str().unwrap()));

    server.json("PUT", &format!("/insights/{id}/feedback"), &json!({ "feedback": "wrong" })).await.ok();
    let after = everything(&server).await;
    assert!(!after.contains(statement), "{after}");
    assert!(!after.contains(steps[1]["text"].as_str().unwrap()), "what it led to is not suggested either: {after}");

    assert!(after.contains("sleep duration"), "the usual value still stands");
    server.json("DELETE", "/me/consents/provider:file", &Value::Null).await.ok();
    let after = everything(&server).await;
    assert!(!after.contains("sleep duration"), "{after}");
    assert_eq!(server.get("/observations").await.ok()["observations"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_of_an_older_text_says_so() {
    let mut server = Server::with_story().await;
    server.at("2026-04-20T12:00:00Z".parse().unwrap());
    let answer = server.json("POST", "/insights/evaluate", &json!({ "question": "How is my sleep?" })).await.ok();
    assert_eq!((&answer["day"], &answer["text_of"]), (&json!("2026-04-20"), &json!("2026-04-06")));
    let today = answer["today_recommendation"]["text"].as_str().unwrap();
    assert!(today.starts_with("The stages have not run today"), "{today}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_speaks_of_a_symptom_is_answered_with_what_to_do_first() {
    let server = Server::with_story().await;
    let answer = server.json("POST", "/insights/evaluate", &json!({ "question": "I have chest pain" })).await.ok();
    let urgent = answer["urgent"].as_str().unwrap().to_owned();
    assert_eq!(answer["today_recommendation"]["text"], urgent.as_str());
    let reported = server.json("POST", "/checkins", &json!({ "symptoms": ["chest_pain"] })).await.ok();
    assert_eq!(reported["urgent"], urgent.as_str(), "the same words as for one that is reported");
    let calm = server.json("POST", "/insights/evaluate", &json!({ "question": "How do I sleep?" })).await.ok();
    assert_eq!(calm["urgent"], Value::Null);
}
