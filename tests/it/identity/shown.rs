//! Secrets are not shown: not by `Debug`, not by errors, and not by the bytes of the database.

use candor::domain::account::{AccountName, DeviceScope};
use candor::engine::identity::{AccessTokens, IdentityError, Limits};
use candor::engine::ports::accounts::{Accounts as _, Digest};
use candor::store::accounts::AccountPlace;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

use super::{ISSUER, PASSWORD, SIGNING, cheap, join, key, login, now, over, secret, somewhere, tables};
use crate::support::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_printed_or_kept() {
    let place = Place::sqlite().await.unwrap();
    let accounts = tables(&place).await;
    let identity = over(accounts.clone(), cheap());
    join(&identity, "anna").await;
    let name = AccountName::new("anna").unwrap();
    let tokens = login(&identity, "anna", now()).await;
    let scopes = BTreeSet::from([DeviceScope::SummaryRead]);
    let (device, device_token) = identity.add_device(tokens.account, "watch", scopes, now()).await.unwrap();
    let one_time = identity.reset(&name, now()).await.unwrap();
    let credentials = accounts.credentials(&name).await.unwrap().unwrap();
    let hash = credentials.password.as_ref().unwrap().expose_secret().to_owned();
    let access = tokens.access.token.expose_secret();
    let refused = identity.login("anna", &secret("a guess of something"), somewhere(), now()).await;
    let weak = identity.set_password(one_time.expose_secret(), &secret("hunter2"), now()).await;
    let who = identity.who(device_token.expose_secret(), now()).await.unwrap();
    let printed = format!(
        "{tokens:?} {:?} {device:?} {device_token:?} {one_time:?} {credentials:?} {refused:?} {weak:?} {who:?} {:?} {:?} \
         {:?} {:?} {:?} {:?}",
        tokens.access,
        identity.sessions(tokens.account, now()).await,
        identity.list().await,
        key(SIGNING),
        AccessTokens::new(ISSUER, key(SIGNING)),
        AccountPlace::Postgres("postgres://candor:hunter2@db/candor".to_owned()),
        (Limits::default(), Digest::of("hunter2"), secret("hunter2")),
    );
    let signature = access.rsplit('.').next().unwrap();
    let words = [PASSWORD, "hunter2", "a guess", hash.rsplit('$').next().unwrap(), signature];
    let opaque = [&tokens.refresh, &device_token, &one_time].map(|token| &token.expose_secret()[3..]);
    for word in words.into_iter().chain(opaque) {
        assert!(!printed.contains(word), "{word} in {printed}");
    }
    assert!(!printed.contains("7, 7, 7") && !printed.contains("0707"), "{printed}");
    let told = [refused.map(|_| ()), weak].map(|outcome| outcome.unwrap_err().to_string());
    assert_eq!(told, ["refused", "a password has at least 12 characters"]);
    assert_eq!(IdentityError::Broken.to_string(), "a password or a token could not be made or read");
    // What lies on the disk opens nothing: of tokens it has digests, of passwords hashes.
    let files = ["accounts.db", "accounts.db-wal"].map(|file| std::fs::read(place.path(file)).unwrap_or_default());
    for bytes in files {
        let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        for word in [PASSWORD, "hunter2", access].into_iter().chain(opaque) {
            assert!(!holds(word), "{word} is on the disk");
        }
    }
    place.clean_up().await;
}
