//! Many at once: guesses, refreshes, and a machine that has no hand free.

use std::sync::Arc;
use std::time::Duration;

use candor::engine::identity::{Cost, IdentityError, Limits, Tokens};
use candor::engine::ports::accounts::{Accounts as _, Digest};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use super::{OTHER, PASSWORD, cheap, identity, join, let_in, login, now, over, refused, secret, somewhere, tables};
use crate::support::{Place, on_both};

/// Sessions whose token two refresh at the same time.
const RACES: usize = 1_000;

async fn two_parallel_refreshes_leave_one_live_branch(place: &Place) {
    let identity = Arc::new(identity(place).await);
    for name in ["anna", "berta", "clara", "doris"] {
        join(&identity, name).await;
    }
    let mut racing = JoinSet::new();
    for race in 0..RACES {
        let identity = Arc::clone(&identity);
        racing.spawn(async move {
            let first = login(&identity, ["anna", "berta", "clara", "doris"][race % 4], now()).await;
            let refresh = |tokens: &Tokens| {
                let (identity, token) = (Arc::clone(&identity), tokens.refresh.clone());
                tokio::spawn(async move { identity.refresh(token.expose_secret(), now()).await })
            };
            let (one, two) = (refresh(&first), refresh(&first));
            let given: Vec<Tokens> =
                [one.await.unwrap(), two.await.unwrap()].into_iter().filter_map(Result::ok).collect();
            // All of them at once again: those that work are the branches that live.
            let again: Vec<_> = given.iter().map(refresh).collect();
            let mut live = 0;
            for outcome in again {
                live += usize::from(outcome.await.unwrap().is_ok());
            }
            (given.len(), live)
        });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.len(), RACES);
    assert!(outcomes.iter().all(|(given, live)| (1..=2).contains(given) && *live <= 1), "{outcomes:?}");
    // The grace answers both, so that a client that asks twice is not thrown out.
    assert!(outcomes.iter().all(|(given, _)| *given == 2), "{outcomes:?}");
}

async fn a_thousand_guesses_are_fifteen_hashes_at_most(place: &Place) {
    let accounts = tables(place).await;
    let identity = Arc::new(over(accounts, cheap()));
    join(&identity, "anna").await;
    let tokens = login(&identity, "anna", now()).await;
    for (name, one_address) in [("anna", true), ("anna", false), ("nobody", true), ("nobody", false)] {
        let before = identity.hashes();
        let home = somewhere();
        let mut guesses = JoinSet::new();
        for guess in 0..1_000 {
            let identity = Arc::clone(&identity);
            let address = if one_address { home } else { somewhere() };
            guesses.spawn(async move {
                identity.login(name, &secret(&format!("guess number {guess}")), address, now()).await
            });
        }
        let outcomes = guesses.join_all().await;
        let hashes = identity.hashes() - before;
        assert!(hashes <= 15, "{name} {one_address}: {hashes}");
        let shut = outcomes.iter().filter(|outcome| matches!(outcome, Err(IdentityError::TooMany { .. }))).count();
        assert_eq!(shut, if one_address { 990 } else { 0 });
        assert!(outcomes.into_iter().all(|o| matches!(o, Err(IdentityError::TooMany { .. } | IdentityError::Refused))));
    }
    // Who is in stays in: the lock stands before the login alone.
    assert!(refused(identity.login("anna", &secret(PASSWORD), somewhere(), now()).await));
    assert!(let_in(&identity, &tokens, now()).await);
    let next = identity.refresh(tokens.refresh.expose_secret(), now()).await.unwrap();
    assert!(let_in(&identity, &next, now()).await);
}

async fn an_unknown_name_is_answered_like_a_known_one(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    // Half an hour of guesses, one every thirty seconds, and then a day of rest.
    let moments = (0..60).map(|n| TimeDelta::seconds(30 * n)).chain([TimeDelta::hours(26)]);
    let mut seen = Vec::new();
    for moment in moments {
        let at = now() + moment;
        let both = ["anna", "nobody"].map(async |name| {
            let before = identity.hashes();
            let outcome = identity.login(name, &secret(OTHER), somewhere(), at).await;
            (identity.hashes() - before, format!("{:?}", outcome.err()))
        });
        let [known, unknown] = both;
        let (known, unknown) = (known.await, unknown.await);
        assert_eq!(known, unknown, "{moment}");
        assert_eq!(known.1, "Some(Refused)");
        seen.push(known.0);
    }
    // Ten are free; then locked for 1, 2, 4 and 8 minutes, one guess after each; a day later all is forgotten.
    let hashed: Vec<usize> = (0..seen.len()).filter(|n| seen[*n] == 1).collect();
    assert_eq!(hashed, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 15, 23, 39, 60]);
    // What is no name, and what no password can be, are one hash as well.
    for (name, password) in [("no name", OTHER), ("", OTHER), ("clara", ""), ("doris", &"x".repeat(100_000))] {
        let before = identity.hashes();
        assert!(refused(identity.login(name, &secret(password), somewhere(), now() + TimeDelta::days(3)).await));
        assert_eq!(identity.hashes() - before, 1, "{name:?}");
    }
}

async fn a_login_that_works_forgets_the_failures(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    for _ in 0..5 {
        for _ in 0..9 {
            assert!(refused(identity.login("anna", &secret(OTHER), somewhere(), now()).await));
        }
        login(&identity, "anna", now()).await;
    }
    // A wrong old password counts too, and the lock does not touch the session it was tried from.
    let tokens = login(&identity, "anna", now()).await;
    for _ in 0..10 {
        let (old, new) = (secret(OTHER), secret("a wholly new one"));
        let change = identity.change_password(tokens.account, tokens.session, &old, &new, now()).await;
        assert!(refused(change));
    }
    assert!(refused(identity.login("anna", &secret(PASSWORD), somewhere(), now()).await));
    assert!(let_in(&identity, &tokens, now()).await);
    // The operator's way out: a password set with a one-time token.
    let link = identity.reset(&candor::domain::account::AccountName::new("anna").unwrap(), now()).await.unwrap();
    identity.set_password(link.expose_secret(), &secret(PASSWORD), now()).await.unwrap();
    login(&identity, "anna", now()).await;
}

async fn a_machine_with_no_hand_free_says_so_and_counts_nothing(place: &Place) {
    let accounts = tables(place).await;
    let slow = Limits { cost: Cost::STANDARD, wait: Duration::ZERO, ..Limits::default() };
    let identity = Arc::new(over(Arc::clone(&accounts), slow));
    let mut tries = JoinSet::new();
    for number in 0..40 {
        let identity = Arc::clone(&identity);
        let name = format!("name-{number}");
        tries.spawn(async move { (identity.login(&name, &secret(OTHER), somewhere(), now()).await, name) });
    }
    let outcomes = tries.join_all().await;
    let busy: Vec<_> = outcomes.iter().filter(|(o, _)| matches!(o, Err(IdentityError::Busy { .. }))).collect();
    let hashed = outcomes.iter().filter(|(o, _)| matches!(o, Err(IdentityError::Refused))).count();
    assert!(!busy.is_empty() && hashed >= 2, "{} busy, {hashed} hashed", busy.len());
    assert_eq!(identity.hashes(), hashed as u64);
    for (_, name) in busy {
        // Nine more are free and the tenth is the first that locks: the one that was busy was not counted.
        for _ in 0..10 {
            assert!(accounts.attempt(Digest::of(name), now()).await.unwrap());
        }
    }
}

on_both!(
    two_parallel_refreshes_leave_one_live_branch,
    a_thousand_guesses_are_fifteen_hashes_at_most,
    an_unknown_name_is_answered_like_a_known_one,
    a_login_that_works_forgets_the_failures,
    a_machine_with_no_hand_free_says_so_and_counts_nothing,
);
