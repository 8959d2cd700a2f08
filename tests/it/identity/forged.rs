//! Access tokens that somebody made or changed: none of them opens anything.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use candor::domain::account::{AccountName, DeviceScope};
use candor::engine::identity::AccessTokens;
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::{ISSUER, SIGNING, cheap, join, key, login, now, over, refused, tables};
use crate::support::{Place, entropy};

fn signed(header: &Value, claims: &Value, secret: [u8; 32]) -> String {
    let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
    let pair = Ed25519KeyPair::from_seed_unchecked(&secret).unwrap();
    let signature = B64.encode(pair.sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

fn with(base: &Value, changes: Value) -> Value {
    let mut changed = base.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(changed.as_object_mut().unwrap().remove(name)),
            value => drop(changed.as_object_mut().unwrap().insert(name.clone(), value.clone())),
        }
    }
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_forged_token_opens_anything() {
    let place = Place::sqlite().await.unwrap();
    let identity = over(tables(&place).await, cheap());
    join(&identity, "anna").await;
    join(&identity, "berta").await;
    let anna = login(&identity, "anna", now()).await;
    let berta = login(&identity, "berta", now()).await;
    let over_session = login(&identity, "anna", now()).await;
    identity.revoke(anna.account, over_session.session).await.unwrap();
    let scopes = BTreeSet::from([DeviceScope::SummaryRead]);
    let (_, device) = identity.add_device(anna.account, "watch", scopes, now()).await.unwrap();
    let one_time = identity.reset(&AccountName::new("berta").unwrap(), now()).await.unwrap();

    let real = anna.access.token.expose_secret().to_owned();
    let parts: Vec<&str> = real.split('.').collect();
    let read = |part: &str| serde_json::from_slice::<Value>(&B64.decode(part).unwrap()).unwrap();
    let (header, claims) = (read(parts[0]), read(parts[1]));
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!((&header["alg"], &header["kid"]), (&json!("EdDSA"), &json!(key(SIGNING).id())));
    let names: BTreeSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["iss", "aud", "sub", "sid", "ver", "iat", "nbf", "exp"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);

    // The forger's hand is as good as ours: with our key and our words the token is taken.
    let text = String::from_utf8(B64.decode(parts[0]).unwrap()).unwrap();
    assert_eq!(header.to_string().len(), text.len());
    let own_header = |changed: &Value| {
        let message = format!("{}.{}", parts[0], B64.encode(changed.to_string()));
        let pair = Ed25519KeyPair::from_seed_unchecked(&SIGNING).unwrap();
        format!("{message}.{}", B64.encode(pair.sign(message.as_bytes()).as_ref()))
    };
    assert!(identity.who(&own_header(&claims), now()).await.is_ok());

    let public = Ed25519KeyPair::from_seed_unchecked(&SIGNING).unwrap().public_key().as_ref().to_vec();
    let thief = [9; 32];
    let thief_public = Ed25519KeyPair::from_seed_unchecked(&thief).unwrap().public_key().as_ref().to_vec();
    let hs256 = |secret: &[u8]| {
        let header = with(&header, json!({"alg": "HS256"}));
        let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", B64.encode(tag.as_ref()))
    };
    let none = |alg: &str| {
        let header = with(&header, json!({"alg": alg}));
        format!("{}.{}.", B64.encode(header.to_string()), B64.encode(claims.to_string()))
    };
    let headed = |changes: Value, secret| signed(&with(&header, changes), &claims, secret);
    let claimed = |changes: Value| own_header(&with(&claims, changes));
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode(&thief_public), "kid": header["kid"], "alg": "EdDSA"});
    let at = |seconds: i64| now().timestamp() + seconds;
    let other_account = claims["sub"].as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "1");
    let mut bent = real.clone().into_bytes();
    let last = bent.last_mut().unwrap();
    // The last letter of 86 holds four bits that say nothing: bending them must not pass.
    *last = if *last == b'A' { b'B' } else { *last + 1 };

    let forged = [
        ("no algorithm", none("none")),
        ("no algorithm in capitals", none("None")),
        ("no algorithm with a signature", format!("{}{}", none("none"), parts[2])),
        ("HS256 with the public key", hs256(&public)),
        ("HS256 with the public key in letters", hs256(B64.encode(&public).as_bytes())),
        ("another algorithm of the family", headed(json!({"alg": "ES256"}), SIGNING)),
        ("the type of another kind of token", headed(json!({"typ": "JWT"}), SIGNING)),
        ("no type", headed(json!({"typ": null}), SIGNING)),
        ("an unknown key id", headed(json!({"kid": "another"}), SIGNING)),
        ("no key id", headed(json!({"kid": null}), SIGNING)),
        ("a key id that is a path", headed(json!({"kid": "../../dev/null"}), SIGNING)),
        ("another key under our id", headed(json!({}), thief)),
        ("another key under its own id", headed(json!({"kid": key(thief).id()}), thief)),
        ("a key of its own", headed(json!({"jwk": jwk}), thief)),
        ("a key of its own beside our signature", headed(json!({"jwk": jwk}), SIGNING)),
        ("a place for keys", headed(json!({"jku": "https://thief.test/keys"}), thief)),
        ("a place for a certificate", headed(json!({"x5u": "https://thief.test/x"}), SIGNING)),
        ("a certificate", headed(json!({"x5c": ["MIIB"]}), SIGNING)),
        ("something critical", headed(json!({"crit": ["exp"], "b64": false}), SIGNING)),
        ("another audience", claimed(json!({"aud": "another"}))),
        ("several audiences", claimed(json!({"aud": ["candor", "another"]}))),
        ("no audience", claimed(json!({"aud": null}))),
        ("another issuer", claimed(json!({"iss": "https://thief.test"}))),
        ("no issuer", claimed(json!({"iss": null}))),
        ("over", claimed(json!({"iat": at(-700), "nbf": at(-700), "exp": at(-100)}))),
        ("just over", claimed(json!({"iat": at(-600), "nbf": at(-600), "exp": at(-30)}))),
        ("no end", claimed(json!({"exp": null}))),
        ("an end that is no number", claimed(json!({"exp": "never"}))),
        ("an end beyond all time", claimed(json!({"iat": i64::MIN, "exp": i64::MAX}))),
        ("a life of a day", claimed(json!({"exp": at(86_400)}))),
        ("not begun", claimed(json!({"nbf": at(31)}))),
        ("from the future", claimed(json!({"iat": at(31), "exp": at(600)}))),
        ("an older version", claimed(json!({"ver": claims["ver"].as_i64().unwrap() - 1}))),
        ("a later version", claimed(json!({"ver": claims["ver"].as_i64().unwrap() + 1}))),
        ("another account", claimed(json!({"sub": other_account}))),
        ("another account's session", claimed(json!({"sid": berta.session.to_string()}))),
        ("an unknown session", claimed(json!({"sid": "00000000-0000-4000-8000-000000000000"}))),
        ("one claim more", claimed(json!({"role": "operator"}))),
        ("a session that was revoked", over_session.access.token.expose_secret().to_owned()),
        ("a refresh token", anna.refresh.expose_secret().to_owned()),
        ("a one-time token", one_time.expose_secret().to_owned()),
        ("a device token cut short", device.expose_secret()[..45].to_owned()),
        ("a device token with more behind it", format!("{}A", device.expose_secret())),
        ("a device token of nobody", format!("cd_{}", "A".repeat(43))),
        ("a refresh token called a device's", anna.refresh.expose_secret().replacen("cr_", "cd_", 1)),
        ("a letter behind it", format!("{real}A")),
        ("padding behind it", format!("{real}==")),
        ("a blank behind it", format!("{real} ")),
        ("a zero behind it", format!("{real}\0")),
        ("a part behind it", format!("{real}.{}", parts[2])),
        ("a signature cut short", real[..real.len() - 4].to_owned()),
        ("a signature bent where it says nothing", String::from_utf8(bent).unwrap()),
        ("a signature of zeros", format!("{}.{}.{}", parts[0], parts[1], B64.encode([0; 64]))),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("another's words under this signature", {
            let foreign: Vec<&str> = berta.access.token.expose_secret().split('.').collect();
            format!("{}.{}.{}", parts[0], foreign[1], parts[2])
        }),
        ("the name of the scheme", format!("Bearer {real}")),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("something huge", format!("{}.{}", "A".repeat(10_000_000), real)),
        ("something huge that begins well", format!("{}.{}.{}", parts[0], "A".repeat(10_000_000), parts[2])),
        ("no ASCII", "\u{1f511}.\u{1f511}.\u{1f511}".to_owned()),
    ];
    assert!(forged.len() >= 25);
    for (what, token) in &forged {
        assert!(refused(identity.who(token, now()).await), "{what}");
        assert!(
            refused(identity.refresh(token, now()).await) || *what == "a refresh token",
            "{what} as a refresh token"
        );
    }
    assert_eq!(identity.hashes(), 5, "none of them cost a hash");
    place.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_signs_no_more_is_still_read_while_it_is_named() {
    let place = Place::sqlite().await.unwrap();
    let accounts = tables(&place).await;
    let before = over(accounts.clone(), cheap());
    join(&before, "anna").await;
    let old = login(&before, "anna", now()).await;
    let old = old.access.token.expose_secret();
    let made =
        |tokens: AccessTokens| candor::engine::identity::Identity::new(accounts.clone(), entropy(), tokens, cheap());
    let both = made(AccessTokens::new(ISSUER, key([8; 32])).also_of(key(SIGNING)));
    assert!(both.who(old, now()).await.is_ok());
    let new = login(&both, "anna", now()).await;
    assert!(refused(before.who(new.access.token.expose_secret(), now()).await));
    let after = made(AccessTokens::new(ISSUER, key([8; 32])));
    assert!(refused(after.who(old, now()).await));
    assert!(after.who(new.access.token.expose_secret(), now()).await.is_ok());
    // The time is the argument's and not the machine's.
    let at = |seconds| now() + TimeDelta::seconds(seconds);
    assert!(after.who(new.access.token.expose_secret(), at(599)).await.is_ok());
    assert!(refused(after.who(new.access.token.expose_secret(), at(630)).await));
    assert!(refused(after.who(new.access.token.expose_secret(), at(-31)).await));
    place.clean_up().await;
}
