//! What a person did not tick at the provider: told in plain words, not asked for, and fetched once it is given.

use std::sync::Arc;

use candor::api::Access;
use candor::domain::provider::Provider;
use candor::engine::live::connect::Returning;
use candor::engine::live::{Live, LiveError};
use candor::engine::ports::connections::{Connection, ConnectionState};
use candor::engine::ports::provider_api::{ProviderApi as _, Scope, Wanted};
use candor::providers::strava;
use candor::providers::whoop::client::SCOPES;
use chrono::TimeDelta;
use serde_json::json;

use super::fake::Fake;
use super::recorded::{answers, grant, strava, tables, whoop};
use super::{live, now, person, state_of};
use crate::api::Server;
use crate::support::{Place, on_both};

const ALL: &str = "offline read:profile read:cycles read:recovery read:sleep read:workout";

/// Comes back from a provider with what was ticked there.
async fn come_back(live: &Live, provider: Provider, scope: &str) -> Result<Connection, LiveError> {
    let begun = live.begin(person(), provider, now()).await?;
    let state = state_of(&begun.url);
    let back = Returning { state: &state, browser: &begun.browser, code: Some("good"), scope: Some(scope) };
    live.complete(provider, back, now()).await?;
    Ok(live.connections.list(Some(person())).await?.remove(0))
}

async fn what_was_not_ticked_is_told_and_not_asked_for_until_it_is_given(place: &Place) {
    let mut live = live(place, &Fake::new(Provider::Whoop)).await;
    let tokens = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 3_600 }).to_string();
    let profile = answers(200, &[], r#"{"user_id":10129}"#);
    let connecting = [answers(200, &[], &tokens), profile];
    let empty = answers(200, &[], r#"{"records":[]}"#);
    let (api, served) = whoop(connecting.iter().cloned().chain([empty.clone()]).collect()).await;
    live.apis.insert(Provider::Whoop, Arc::new(api));

    let connection = come_back(&live, Provider::Whoop, &ALL.replace("read:sleep ", "")).await.unwrap();
    let missing = live.missing(&connection);
    assert_eq!(
        missing.iter().map(Scope::said).collect::<Vec<_>>(),
        ["sleep and recovery cannot be read: the permission read:sleep was not given; connect again to give it"]
    );
    let synced = live.sync(person(), Provider::Whoop, now()).await.unwrap();
    assert_eq!(synced.missing, missing, "what a fetch reports says that it is not the whole");
    live.backfill(person(), Provider::Whoop, now()).await.unwrap();
    let asked = served.0.lock().unwrap().1.join("\n");
    assert!(asked.contains("/v2/cycle?") && asked.contains("/v2/activity/workout?"), "{asked}");
    assert!(!asked.contains("/v2/activity/sleep") && !asked.contains("/v2/recovery"), "{asked}");
    // A notice of what may not be looked at asks nothing either.
    let calls = served.0.lock().unwrap().1.len();
    let id = "ecfc6a15-4661-442f-a9a4-f160dd7afae8";
    for kind in ["sleep", "recovery"] {
        assert_eq!(live.record(person(), Provider::Whoop, (kind, id), now()).await.unwrap().records, 0);
    }
    assert_eq!(served.0.lock().unwrap().1.len(), calls);

    let connection = live.connections.list(Some(person())).await.unwrap().remove(0);
    assert_eq!(connection.state, ConnectionState::Connected);
    assert!(connection.reach.complete, "half a year is silent without sleep");
    assert!(!live.past(&connection).await.unwrap().complete, "and it is not called whole");

    // Given at last: the history begins anew, for nothing of sleep was asked for.
    let (api, served) = whoop(connecting.into_iter().chain([empty]).collect()).await;
    live.apis.insert(Provider::Whoop, Arc::new(api));
    let connection = come_back(&live, Provider::Whoop, ALL).await.unwrap();
    assert!(live.missing(&connection).is_empty() && !connection.reach.complete);
    live.backfill(person(), Provider::Whoop, now()).await.unwrap();
    assert!(served.0.lock().unwrap().1.iter().any(|asked| asked.contains("/v2/activity/sleep?")));
    let connection = live.connections.list(Some(person())).await.unwrap().remove(0);
    assert!(live.past(&connection).await.unwrap().complete);
    let again = come_back(&live, Provider::Whoop, ALL).await;
    assert!(matches!(again, Err(LiveError::Call(_))), "the mock has no second token");
}

async fn an_account_that_is_not_named_is_not_connected(place: &Place) {
    let mut live = live(place, &Fake::new(Provider::Whoop)).await;
    let tokens = json!({ "access_token": "a", "refresh_token": "r", "expires_in": 3_600 }).to_string();
    let (api, served) = whoop(vec![answers(200, &[], &tokens), answers(403, &[], ""), answers(204, &[], "")]).await;
    live.apis.insert(Provider::Whoop, Arc::new(api));
    let back = come_back(&live, Provider::Whoop, &ALL.replace("read:profile ", "")).await;
    assert!(matches!(back, Err(LiveError::Nameless(Provider::Whoop))), "{back:?}");
    assert!(served.0.lock().unwrap().1[2].starts_with("DELETE /v2/user/access"), "no grant is left behind there");
    assert!(live.connections.list(None).await.unwrap().is_empty());
}

async fn strava_without_activities_is_not_asked_and_private_ones_are_named(place: &Place) {
    let meter = tables(place).await;
    let window = Wanted::Window { from: now() - TimeDelta::days(7), to: now() };
    for (scopes, asks, missing) in [
        (vec!["read"], 0, vec!["activity:read", "activity:read_all"]),
        (vec!["read", "activity:read"], 1, vec!["activity:read_all"]),
        (vec!["read", "activity:read_all"], 1, vec![]),
    ] {
        let mut grant = grant();
        let scopes: Vec<String> = scopes.into_iter().map(str::to_owned).collect();
        let names = Scope::missing(strava::client::SCOPES, Some(&scopes));
        assert_eq!(names.iter().map(|scope| scope.name).collect::<Vec<_>>(), missing);
        grant.scopes = Some(scopes);
        let (api, served) = strava(vec![answers(200, &[], "[]")]).await;
        assert_eq!(api.fetch(&grant, &window, &meter, now()).await.unwrap().records, 0);
        assert_eq!(served.0.lock().unwrap().1.len(), asks);
    }
    assert!(Scope::missing(SCOPES, None).is_empty(), "nobody said what was given");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_a_connection_says_what_is_missing_because_of_which_permission() {
    let mut server = Server::over(Place::sqlite().await.unwrap(), Access::Public(crate::api::person())).await;
    server.service.live.apis.insert(Provider::Whoop, Arc::new(Fake::new(Provider::Whoop)));
    come_back(&server.service.live, Provider::Whoop, "read:cycles").await.unwrap();
    let shown = server.rebuilt().get("/providers").await.ok();
    assert_eq!(
        shown[0]["missing_scopes"],
        json!([{
            "scope": "read:sleep",
            "means": "Sleep cannot be read: the permission read:sleep was not given; connect again to give it.",
        }])
    );
    assert_eq!(shown[0]["history_complete"], json!(false));
    assert_eq!(shown[1]["missing_scopes"], json!([]), "what is not connected misses nothing");
}

on_both!(
    what_was_not_ticked_is_told_and_not_asked_for_until_it_is_given,
    an_account_that_is_not_named_is_not_connected,
    strava_without_activities_is_not_asked_and_private_ones_are_named,
);
