//! The folded state of a person is kept beside the log, and never believed against it.

use super::chain::change;
use super::journal::{beginning, night, person, tell};
use crate::support::{Place, on_each};
use candor::domain::person::PersonId;
use candor::domain::provider::Provider;
use candor::domain::state::PersonState;
use candor::engine::ports::journal::Journal;
use candor::engine::ports::views::Views;
use candor::store::sql::{Sql, Value};
use candor::store::views::VERSION;

on_each!(
    a_kept_state_and_what_came_after_it_are_what_the_log_says,
    a_kept_state_that_was_damaged_is_not_believed,
    what_another_version_has_kept_is_not_looked_at,
);

/// The state as the log alone gives it.
async fn folded(journal: &dyn Journal, person: PersonId) -> PersonState {
    let mut state = PersonState::default();
    for recorded in journal.read(person, 0, 10_000).await.unwrap() {
        state.evolve(recorded.revision, &recorded.content.unwrap().1);
    }
    state
}

async fn a_kept_state_and_what_came_after_it_are_what_the_log_says(place: &Place) {
    let journal = place.journal().await;
    tell(&*journal, person(1), &beginning()).await;
    for day in 1..=28 {
        tell(&*journal, person(1), &[night(Provider::Whoop, day, 400.0)]).await;
        // Every third time by a process that has just begun.
        if day % 3 == 0 {
            let views = place.views(&journal).await;
            views.catch_up().await.unwrap();
            assert_eq!(views.state(person(1)).await.unwrap(), folded(&*journal, person(1)).await, "day {day}");
        }
    }
    let views = place.views(&journal).await;
    assert!(views.rebuild().await.unwrap().matches_live);
}

/// One row of the table.
async fn kept(tables: &Sql, number: u128) -> [Value; 3] {
    let sql = "SELECT revision, body, digest FROM person_state WHERE person = $1";
    let row = &tables.query(sql, &[person(number).to_string().into()]).await.unwrap()[0];
    [row.int(0).unwrap().into(), row.text(1).unwrap().into(), row.text(2).unwrap().into()]
}

async fn a_kept_state_that_was_damaged_is_not_believed(place: &Place) {
    let journal = place.journal().await;
    let views = place.views(&journal).await;
    for number in [1, 2] {
        tell(&*journal, person(number), &beginning()).await;
        tell(&*journal, person(number), &[night(Provider::Whoop, 1, 400.0)]).await;
    }
    views.catch_up().await.unwrap();
    let tables = place.view_tables().await;
    let put = async |[revision, body, digest]: [Value; 3]| {
        let args = [person(1).to_string().into(), revision, body, digest];
        change(&tables, "UPDATE person_state SET revision = $2, body = $3, digest = $4 WHERE person = $1", &args).await;
    };
    let Value::Text(Some(body)) = kept(&tables, 1).await[1].clone() else { unreachable!() };
    for (day, damage) in (2..).zip(["consent", "cut", "revision", "digest", "of another"]) {
        let [revision, _, digest] = kept(&tables, 1).await;
        let Value::Text(Some(body)) = kept(&tables, 1).await[1].clone() else { unreachable!() };
        put(match damage {
            // It still reads as a state.
            "consent" => [revision, body.replace("\"processing\"", "").into(), digest],
            "cut" => [revision, body[..body.len() / 2].into(), digest],
            "revision" => [7.into(), body.into(), digest],
            "digest" => [revision, body.into(), "".into()],
            _ => kept(&tables, 2).await,
        })
        .await;
        assert_eq!(views.state(person(1)).await.unwrap(), folded(&*journal, person(1)).await, "{damage}");
        // What comes after it is folded on what the log says, and the row holds good again.
        tell(&*journal, person(1), &[night(Provider::Whoop, day, 400.0)]).await;
        views.catch_up().await.unwrap();
        let [_, _, mended] = kept(&tables, 1).await;
        assert_eq!(views.state(person(1)).await.unwrap(), folded(&*journal, person(1)).await, "{damage}");
        assert_eq!(kept(&place.view_tables().await, 1).await[2], mended);
    }
    assert_ne!(kept(&tables, 1).await[1], Value::Text(Some(body)));
    assert!(views.rebuild().await.unwrap().matches_live);
}

async fn what_another_version_has_kept_is_not_looked_at(place: &Place) {
    let journal = place.journal().await;
    tell(&*journal, person(1), &beginning()).await;
    let views = place.views(&journal).await;
    views.catch_up().await.unwrap();
    let tables = place.view_tables().await;
    change(&tables, "UPDATE person_state SET body = '{}'", &[]).await;
    tables.close().await;
    drop(views);
    // As if a build before this one had left it.
    let older = VERSION - 1;
    if place.is_postgres() {
        let sql = format!("ALTER SCHEMA candor_views_people_v{VERSION}_1 RENAME TO candor_views_people_v{older}_1");
        change(&place.tables().await, Box::leak(sql.into_boxed_str()), &[]).await;
    } else {
        for end in ["", "-wal", "-shm"] {
            let [from, to] = [VERSION, older].map(|version| place.path(&format!("views-people-v{version}-1.db{end}")));
            assert!(std::fs::rename(from, to).is_ok() || !end.is_empty());
        }
    }
    let views = place.views(&journal).await;
    assert_eq!(views.progress().await.unwrap().behind, 2);
    views.catch_up().await.unwrap();
    assert_eq!(views.state(person(1)).await.unwrap(), folded(&*journal, person(1)).await);
}
