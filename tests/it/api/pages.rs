//! Pages of the trail: joined they are the whole, and a cursor fits one list only.

use std::collections::BTreeSet;

use super::Server;

/// Every page of a list, the newest event first, and how many pages there were.
async fn all(server: &Server, path: &str) -> (Vec<u64>, usize) {
    let (mut revisions, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = server.get(&format!("{path}{cursor}")).await.ok();
        pages += 1;
        revisions.extend(page["events"].as_array().unwrap().iter().map(|event| event["revision"].as_u64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (revisions, pages),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_the_trail_are_the_whole_of_it() {
    let server = Server::with_story().await;
    let (whole, _) = all(&server, "/audit/?limit=200").await;
    assert_eq!(*whole.last().unwrap(), 0);
    let expected: Vec<u64> = (0..=whole[0]).rev().collect();
    assert_eq!(whole, expected, "every revision once, the newest first");
    let (by_sevens, pages) = all(&server, "/audit/?limit=7").await;
    assert_eq!((by_sevens, pages), (whole.clone(), whole.len().div_ceil(7)));
    // A filter gives a part of it, whatever the size of the pages.
    let (raised, _) = all(&server, "/audit/?type=insight_raised&limit=200").await;
    let (by_threes, _) = all(&server, "/audit/?type=insight_raised&limit=3").await;
    assert!(!raised.is_empty() && raised.len() < whole.len());
    assert_eq!(raised, by_threes);
    assert!(raised.iter().collect::<BTreeSet<_>>().is_subset(&whole.iter().collect()));
    let (nothing, _) = all(&server, "/audit/?until=2020-01-01T00:00:00Z").await;
    assert_eq!(nothing, [0; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_long_events_is_short() {
    let server = Server::new().await;
    let pulse = |n: i64| {
        let start = chrono::DateTime::from_timestamp(1_770_000_000 + 60 * n, 0).unwrap().to_rfc3339();
        format!("{{\"metric\":\"resting_heart_rate\",\"value\":60,\"unit\":\"bpm\",\"start\":\"{start}\"}}\n")
    };
    let report = server.upload("pulse.ndjson", (0..8_000).map(pulse).collect::<String>().into_bytes()).await.ok();
    assert_eq!(report[0]["accepted"], 8_000, "{report}");
    let (mut revisions, mut longest, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let answer = server.get(&format!("/audit/?limit=200{cursor}")).await;
        longest = longest.max(answer.text.len());
        let page = answer.ok();
        revisions.extend(page["events"].as_array().unwrap().iter().map(|event| event["revision"].as_u64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(revisions, (0..=revisions[0]).rev().collect::<Vec<u64>>());
    assert!((500_000..1_100_000).contains(&longest), "{longest} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_an_entity_are_the_whole_of_it() {
    let server = Server::with_story().await;
    let path = "/audit/entity?entity_type=narrative&entity_id=daily@2026-04-06";
    let (whole, _) = all(&server, path).await;
    assert!(!whole.is_empty());
    assert_eq!(all(&server, &format!("{path}&limit=1")).await.0, whole);
    let nothing = server.get("/audit/entity?entity_type=narrative&entity_id=daily@1999-01-01").await;
    assert_eq!(nothing.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_fits_the_list_it_came_from_and_no_other() {
    let server = Server::with_story().await;
    let page = server.get("/audit/?limit=2").await.ok();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let mut changed = cursor.clone();
    changed.replace_range(4..5, if &cursor[4..5] == "A" { "B" } else { "A" });
    let lists = [
        format!("/audit/?type=insight_raised&cursor={cursor}"),
        format!("/audit/entity?entity_type=insight&entity_id=x&cursor={cursor}"),
        format!("/audit/?cursor={changed}"),
        format!("/audit/?cursor={}", &cursor[..8]),
        "/audit/?cursor=".to_owned(),
        "/audit/?cursor=%00".to_owned(),
    ];
    for list in lists {
        let answer = server.get(&list).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["field"]), (422, &"cursor".into()), "{list}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trail_is_filtered_by_what_it_is_about_and_by_decision() {
    let server = Server::with_story().await;
    let kinds = async |filter: &str| -> BTreeSet<String> {
        let page = server.get(&format!("/audit/?limit=200&{filter}")).await.ok();
        page["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let raised = kinds("entity_type=insight&decision=created").await;
    assert_eq!(raised.into_iter().collect::<Vec<_>>(), ["insight_raised"]);
    assert!(kinds("entity_type=insight").await.contains("insight_renewed"));
    assert!(kinds("entity_type=consent&decision=told").await.contains("consent_granted"));
    assert!(kinds("decision=computed").await.contains("day_assessed"));
    let page = server.get("/audit/?limit=1&entity_type=narrative").await.ok();
    assert_eq!(
        (&page["events"][0]["entity_type"], &page["events"][0]["decision"]),
        (&"narrative".into(), &"created".into())
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let other = server.get(&format!("/audit/?limit=1&entity_type=insight&cursor={cursor}")).await;
    assert_eq!(other.json()["errors"][0]["field"], "cursor");
    for wrong in ["entity_type=thing", "decision=maybe"] {
        let field = wrong.split('=').next().unwrap();
        assert_eq!(server.get(&format!("/audit/?{wrong}")).await.json()["errors"][0]["field"], field);
    }
}
