//! Identity on both databases: passwords, sessions, devices, and everything that must not open a door.

mod forged;
mod model;
mod shown;
mod storm;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use candor::domain::Instant;
use candor::domain::account::{AccountName, DeviceScope, Role};
use candor::domain::person::PersonId;
use candor::engine::identity::{
    ACCESS_LIFE, AccessTokens, Cost, Identity, IdentityError, Limits, SigningKey, Tokens, Via, WeakPassword,
};
use candor::engine::ports::accounts::Accounts;
use candor::store::accounts::{AccountPlace, AccountTables};
use candor::store::keys::KeyPlace;
use candor::store::sql::{Durability, Sql};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::support::{NOW, Place, entropy, on_both};

pub(crate) const ISSUER: &str = "https://candor.test";
pub(crate) const SIGNING: [u8; 32] = [7; 32];
pub(crate) const PASSWORD: &str = "correct mule battery clip";
const OTHER: &str = "another mule, other clip";

pub(crate) fn now() -> Instant {
    Instant::from_timestamp_micros(NOW).unwrap()
}

pub(crate) fn key(secret: [u8; 32]) -> SigningKey {
    SigningKey::new(&Zeroizing::new(secret)).unwrap()
}

pub(crate) fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

/// Hashes that cost next to nothing.
pub(crate) fn cheap() -> Limits {
    Limits { cost: Cost::new(8, 1).unwrap(), wait: Duration::from_secs(60), ..Limits::default() }
}

fn account_place(place: &Place) -> AccountPlace {
    match place.key_place() {
        KeyPlace::Postgres(url) => AccountPlace::Postgres(url),
        KeyPlace::File(_) => AccountPlace::File(place.path("accounts.db")),
    }
}

pub(crate) async fn tables(place: &Place) -> Arc<AccountTables> {
    Arc::new(AccountTables::open(&account_place(place)).await.unwrap())
}

/// The tables, to look into.
async fn raw(place: &Place) -> Sql {
    match account_place(place) {
        AccountPlace::Postgres(url) => Sql::open_postgres(&url, "candor_accounts", 2).await.unwrap(),
        AccountPlace::File(path) => Sql::open_sqlite(&path, Durability::Full).await.unwrap(),
    }
}

pub(crate) fn over(accounts: Arc<AccountTables>, limits: Limits) -> Identity {
    Identity::new(accounts, entropy(), AccessTokens::new(ISSUER, key(SIGNING)), limits)
}

pub(crate) async fn identity(place: &Place) -> Identity {
    over(tables(place).await, cheap())
}

/// Another address with each call.
pub(crate) fn somewhere() -> IpAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    Ipv4Addr::from_bits(0x0a00_0000 + NEXT.fetch_add(1, Ordering::Relaxed)).into()
}

/// Adds a person's account and sets its password.
pub(crate) async fn join(identity: &Identity, name: &str) {
    let person = PersonId::new(Uuid::from_u128(u128::from(name.len() as u64)));
    let token =
        identity.add(AccountName::new(name).unwrap(), Role::Person, Some(person), now()).await.expect("a fresh name");
    identity.set_password(token.expose_secret(), &secret(PASSWORD), now()).await.expect("the password is set");
}

pub(crate) async fn login(identity: &Identity, name: &str, at: Instant) -> Tokens {
    identity.login(name, &secret(PASSWORD), somewhere(), at).await.expect("the login")
}

pub(crate) fn refused<T>(outcome: Result<T, IdentityError>) -> bool {
    matches!(outcome, Err(IdentityError::Refused))
}

async fn let_in(identity: &Identity, tokens: &Tokens, at: Instant) -> bool {
    match identity.who(tokens.access.token.expose_secret(), at).await {
        Ok(who) => who.via == Via::Session(tokens.session),
        Err(IdentityError::Refused) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn an_account_is_opened_with_its_one_time_token(place: &Place) {
    let identity = identity(place).await;
    let name = AccountName::new("Anna@Example.org").unwrap();
    let person = PersonId::new(Uuid::from_u128(1));
    let token = identity.add(name.clone(), Role::Person, Some(person), now()).await.unwrap();
    assert!(token.expose_secret().starts_with("co_"));
    let again = identity.add(name.clone(), Role::Operator, None, now()).await;
    assert!(matches!(again, Err(IdentityError::NameTaken)));
    let nobody = identity.add(AccountName::new("nobody").unwrap(), Role::Person, None, now()).await;
    assert!(matches!(nobody, Err(IdentityError::Unfit { field: "person", .. })));
    // Without a password nothing opens it, not even an empty one.
    for password in ["", PASSWORD] {
        assert!(refused(identity.login("anna@example.org", &secret(password), somewhere(), now()).await));
    }
    let weak = identity.set_password(token.expose_secret(), &secret("password1234"), now()).await;
    assert!(matches!(weak, Err(IdentityError::Weak(WeakPassword::Common))));
    identity.set_password(token.expose_secret(), &secret(PASSWORD), now()).await.unwrap();
    let tokens = identity.login(" ANNA@example.org ", &secret(PASSWORD), somewhere(), now()).await.unwrap();
    let who = identity.who(tokens.access.token.expose_secret(), now()).await.unwrap();
    assert_eq!((who.role, who.person, who.account), (Role::Person, Some(person), tokens.account));
    assert_eq!(who.via, Via::Session(tokens.session));
    assert_eq!(tokens.access.ends_at, now() + ACCESS_LIFE);
    let listed = identity.list().await.unwrap();
    assert_eq!(listed.iter().map(|account| &account.name).collect::<Vec<_>>(), [&name]);
}

async fn one_time_tokens_work_once_and_for_fifteen_minutes(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    let name = AccountName::new("anna").unwrap();
    let tokens = login(&identity, "anna", now()).await;
    let first = identity.reset(&name, now()).await.unwrap();
    let second = identity.reset(&name, now()).await.unwrap();
    let set = async |token: &SecretString, password: &str, minutes, seconds| {
        let at = now() + TimeDelta::minutes(minutes) + TimeDelta::seconds(seconds);
        identity.set_password(token.expose_secret(), &secret(password), at).await
    };
    assert!(refused(set(&first, OTHER, 0, 0).await), "a newer one takes its place");
    assert!(refused(set(&second, OTHER, 15, 0).await), "it lasts fifteen minutes");
    assert!(let_in(&identity, &tokens, now()).await, "nothing happens until it is used");
    assert!(matches!(set(&second, "short", 14, 59).await, Err(IdentityError::Weak(WeakPassword::TooShort))));
    set(&second, OTHER, 14, 59).await.unwrap();
    assert!(refused(set(&second, OTHER, 14, 59).await), "it works once");
    assert!(!let_in(&identity, &tokens, now()).await, "every session ended");
    assert!(refused(identity.refresh(tokens.refresh.expose_secret(), now()).await));
    assert!(refused(identity.login("anna", &secret(PASSWORD), somewhere(), now()).await));
    identity.login("anna", &secret(OTHER), somewhere(), now()).await.unwrap();
    // Of many that use it at the same time, one does.
    let third = identity.reset(&name, now()).await.unwrap();
    let tries = [0, 1, 2, 3].map(|_| set(&third, PASSWORD, 1, 0));
    let [a, b, c, d] = tries;
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    assert_eq!([a, b, c, d].iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let nobody = identity.reset(&AccountName::new("nobody").unwrap(), now()).await;
    assert!(matches!(nobody, Err(IdentityError::NotFound("account"))));
}

async fn a_refresh_token_that_comes_back_ends_its_session(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    let refresh = async |tokens: &Tokens, seconds| {
        identity.refresh(tokens.refresh.expose_secret(), now() + TimeDelta::seconds(seconds)).await
    };
    let other = login(&identity, "anna", now()).await;
    let first = login(&identity, "anna", now()).await;
    let second = refresh(&first, 60).await.unwrap();
    assert_eq!(second.session, first.session);
    // An answer was lost: the same token once more, within ten seconds.
    let third = refresh(&first, 70).await.unwrap();
    let fourth = refresh(&third, 71).await.unwrap();
    assert!(let_in(&identity, &fourth, now() + TimeDelta::seconds(71)).await);
    // Its successor was used, so the grace is over although the ten seconds are not.
    assert!(refused(refresh(&first, 69).await));
    assert!(!let_in(&identity, &fourth, now() + TimeDelta::seconds(71)).await);
    assert!(refused(refresh(&fourth, 71).await), "the whole family ended");
    // The one whose place was taken is a copy in somebody's hand too.
    let first = login(&identity, "anna", now()).await;
    let lost = refresh(&first, 1).await.unwrap();
    let kept = refresh(&first, 2).await.unwrap();
    assert!(refused(refresh(&lost, 3).await) && refused(refresh(&kept, 3).await));
    // After ten seconds there is no grace, and asking within it does not draw it out.
    let first = login(&identity, "anna", now()).await;
    refresh(&first, 0).await.unwrap();
    refresh(&first, 9).await.unwrap();
    assert!(refused(refresh(&first, 11).await));
    assert!(refresh(&other, 100).await.is_ok(), "other sessions are not touched");
}

async fn a_session_ends_after_seven_idle_days_and_after_thirty(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    let idle = login(&identity, "anna", now()).await;
    let mut used = login(&identity, "anna", now()).await;
    let days = |days| now() + TimeDelta::days(days);
    assert_eq!(idle.refresh_ends_at, days(7));
    for day in [6, 12, 18, 24, 29] {
        used = identity.refresh(used.refresh.expose_secret(), days(day)).await.unwrap();
    }
    assert_eq!(used.refresh_ends_at, days(30));
    assert!(refused(identity.refresh(idle.refresh.expose_secret(), days(7)).await));
    assert!(refused(identity.refresh(used.refresh.expose_secret(), days(30)).await));
    let kept = login(&identity, "anna", days(28)).await;
    identity.prune(days(31)).await.unwrap();
    assert_eq!(identity.sessions(kept.account, days(31)).await.unwrap().len(), 1);
    let raw = raw(place).await;
    let rows = raw.query("SELECT session FROM sessions", &[]).await.unwrap();
    assert_eq!(rows.len(), 1, "what is over is deleted");
}

async fn an_account_ends_its_own_sessions_and_nobody_elses(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    join(&identity, "berta").await;
    let (first, second) = (login(&identity, "anna", now()).await, login(&identity, "anna", now()).await);
    let foreign = login(&identity, "berta", now()).await;
    let sessions = identity.sessions(first.account, now()).await.unwrap();
    let ids: BTreeSet<_> = sessions.iter().map(|session| session.id).collect();
    assert_eq!(ids, BTreeSet::from([first.session, second.session]));
    let outcome = identity.revoke(first.account, foreign.session).await;
    assert!(matches!(outcome, Err(IdentityError::NotFound("session"))));
    identity.logout(first.account, foreign.session).await.unwrap();
    assert!(let_in(&identity, &foreign, now()).await);
    identity.revoke(first.account, second.session).await.unwrap();
    assert!(!let_in(&identity, &second, now()).await, "at once, while its access token has minutes to go");
    assert!(refused(identity.refresh(second.refresh.expose_secret(), now()).await));
    identity.logout(first.account, first.session).await.unwrap();
    identity.logout(first.account, first.session).await.unwrap();
    assert!(!let_in(&identity, &first, now()).await && let_in(&identity, &foreign, now()).await);
}

async fn a_changed_password_ends_every_other_session(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    let (own, other) = (login(&identity, "anna", now()).await, login(&identity, "anna", now()).await);
    let link = identity.reset(&AccountName::new("anna").unwrap(), now()).await.unwrap();
    let change = async |old: &str, new: &str| {
        identity.change_password(own.account, own.session, &secret(old), &secret(new), now()).await
    };
    assert!(refused(change("not the password at all", OTHER).await));
    assert!(matches!(change(PASSWORD, "anna likes mules").await, Err(IdentityError::Weak(WeakPassword::Telling))));
    assert!(let_in(&identity, &other, now()).await);
    let access = change(PASSWORD, OTHER).await.unwrap();
    assert!(!let_in(&identity, &other, now()).await && !let_in(&identity, &own, now()).await);
    assert_eq!(identity.who(access.token.expose_secret(), now()).await.unwrap().via, Via::Session(own.session));
    assert!(refused(identity.refresh(other.refresh.expose_secret(), now()).await));
    let next = identity.refresh(own.refresh.expose_secret(), now()).await.unwrap();
    assert!(let_in(&identity, &next, now()).await);
    assert!(refused(identity.set_password(link.expose_secret(), &secret(PASSWORD), now()).await));
    assert!(refused(identity.login("anna", &secret(PASSWORD), somewhere(), now()).await));
    identity.login("anna", &secret(OTHER), somewhere(), now()).await.unwrap();
}

async fn a_session_of_a_password_that_is_gone_is_worth_nothing(place: &Place) {
    // A login that checked the old password just before it was reset, and wrote its session just after.
    let accounts = tables(place).await;
    let identity = over(Arc::clone(&accounts), cheap());
    join(&identity, "anna").await;
    let name = AccountName::new("anna").unwrap();
    let before = accounts.credentials(&name).await.unwrap().unwrap();
    let link = identity.reset(&name, now()).await.unwrap();
    identity.set_password(link.expose_secret(), &secret(OTHER), now()).await.unwrap();
    let session = candor::engine::ports::accounts::Session {
        id: candor::domain::account::SessionId::new(Uuid::from_u128(5)),
        account: before.account.id,
        started_at: now(),
        used_at: now(),
    };
    let late = format!("cr_{}", "A".repeat(43));
    let digest = candor::engine::ports::accounts::Digest::of(&late);
    accounts.begin(&session, before.version, digest).await.unwrap();
    assert!(refused(identity.refresh(&late, now()).await));
    assert!(accounts.session(session.id, now()).await.unwrap().is_none());
    assert!(identity.sessions(before.account.id, now()).await.unwrap().is_empty());
}

async fn a_device_may_do_what_its_scopes_say_until_it_is_ended(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    join(&identity, "berta").await;
    let (anna, berta) = (login(&identity, "anna", now()).await.account, login(&identity, "berta", now()).await.account);
    let scopes = BTreeSet::from([DeviceScope::SummaryRead]);
    let (watch, token) = identity.add_device(anna, "  the watch ", scopes.clone(), now()).await.unwrap();
    let who = identity.who(token.expose_secret(), now() + TimeDelta::days(400)).await.unwrap();
    assert_eq!((who.account, who.via), (anna, Via::Device(watch.id, scopes.clone())));
    assert!(refused(identity.refresh(token.expose_secret(), now()).await));
    assert!(refused(identity.set_password(token.expose_secret(), &secret(OTHER), now()).await));
    assert_eq!(identity.devices(anna).await.unwrap(), std::slice::from_ref(&watch));
    assert!(matches!(identity.revoke_device(berta, watch.id).await, Err(IdentityError::NotFound("device"))));
    identity.revoke_device(anna, watch.id).await.unwrap();
    assert!(refused(identity.who(token.expose_secret(), now()).await));
    for label in ["", "  ", "two\nlines", &"x".repeat(61)] {
        let outcome = identity.add_device(anna, label, scopes.clone(), now()).await;
        assert!(matches!(outcome, Err(IdentityError::Unfit { field: "label", .. })), "{label:?}");
    }
    let outcome = identity.add_device(anna, "watch", BTreeSet::new(), now()).await;
    assert!(matches!(outcome, Err(IdentityError::Unfit { field: "scopes", .. })));
}

async fn a_removed_account_leaves_nothing(place: &Place) {
    let identity = identity(place).await;
    join(&identity, "anna").await;
    let tokens = login(&identity, "anna", now()).await;
    let scopes = BTreeSet::from([DeviceScope::ObservationsWrite]);
    let (_, device) = identity.add_device(tokens.account, "script", scopes, now()).await.unwrap();
    identity.reset(&AccountName::new("anna").unwrap(), now()).await.unwrap();
    identity.remove(tokens.account).await.unwrap();
    assert!(matches!(identity.remove(tokens.account).await, Err(IdentityError::NotFound("account"))));
    assert!(!let_in(&identity, &tokens, now()).await && refused(identity.who(device.expose_secret(), now()).await));
    let raw = raw(place).await;
    let rows = raw.query(
        "SELECT account FROM accounts
         UNION ALL SELECT account FROM sessions
         UNION ALL SELECT session FROM refresh_tokens
         UNION ALL SELECT account FROM devices
         UNION ALL SELECT account FROM one_time_tokens",
        &[],
    );
    assert_eq!(rows.await.unwrap().len(), 0);
}

async fn an_older_hash_is_renewed_at_login(place: &Place) {
    let accounts = tables(place).await;
    let old = over(Arc::clone(&accounts), cheap());
    join(&old, "anna").await;
    let new = over(Arc::clone(&accounts), Limits { cost: Cost::new(16, 2).unwrap(), ..cheap() });
    let name = AccountName::new("anna").unwrap();
    let stored =
        async || accounts.credentials(&name).await.unwrap().unwrap().password.unwrap().expose_secret().to_owned();
    assert!(stored().await.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", stored().await);
    assert!(refused(new.login("anna", &secret(OTHER), somewhere(), now()).await));
    assert!(stored().await.contains("m=8,"), "a wrong password renews nothing");
    let tokens = login(&new, "anna", now()).await;
    assert!(stored().await.starts_with("$argon2id$v=19$m=16,t=2,p=1$"));
    assert_eq!(new.hashes(), 3);
    login(&new, "anna", now()).await;
    assert_eq!(new.hashes(), 4);
    assert!(let_in(&new, &tokens, now()).await, "the password is the same, and so are its sessions");
}

async fn the_tables_go_back_and_come_again(place: &Place) {
    let accounts = tables(place).await;
    join(&over(Arc::clone(&accounts), cheap()), "anna").await;
    accounts.close().await;
    AccountTables::migrate_down(&account_place(place), 0).await.unwrap();
    let identity = identity(place).await;
    assert!(identity.list().await.unwrap().is_empty());
    join(&identity, "anna").await;
}

on_both!(
    an_account_is_opened_with_its_one_time_token,
    one_time_tokens_work_once_and_for_fifteen_minutes,
    a_refresh_token_that_comes_back_ends_its_session,
    a_session_ends_after_seven_idle_days_and_after_thirty,
    an_account_ends_its_own_sessions_and_nobody_elses,
    a_changed_password_ends_every_other_session,
    a_session_of_a_password_that_is_gone_is_worth_nothing,
    a_device_may_do_what_its_scopes_say_until_it_is_ended,
    a_removed_account_leaves_nothing,
    an_older_hash_is_renewed_at_login,
    the_tables_go_back_and_come_again,
);
