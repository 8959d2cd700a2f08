//! Strava's notices. Whether they are signed is told differently by different pages: where a signing secret is set up, a notice
//! without a good signature is not taken; in any case its address cannot be guessed, its subscription is one of ours, and what
//! it says is looked at and not believed.

use std::io::Read;

use chrono::{DateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::domain::Instant;
use crate::engine::ports::webhook::{Happened, Headers, NotTaken, Notice, Told, Webhook, whole};

/// How far the time of a signature may lie from ours.
const WINDOW: TimeDelta = TimeDelta::minutes(5);

/// Reads Strava's notices.
pub struct StravaWebhook {
    /// The end of the address that the subscription was made with.
    pub path: String,
    /// What the subscription was made with, to be shown when the address is asked for.
    pub verify_token: SecretString,
    /// The secret that signs, where the application has one.
    pub signing: Option<SecretString>,
    /// The subscriptions that are ours; any where none is named.
    pub subscriptions: Vec<i64>,
}

#[derive(Deserialize)]
struct Sent {
    object_type: String,
    object_id: i64,
    aspect_type: String,
    #[serde(default)]
    updates: Map<String, Value>,
    owner_id: i64,
    subscription_id: i64,
    event_time: i64,
}

impl StravaWebhook {
    fn signed(&self, header: &Headers<'_>, body: &[u8], now: Instant) -> Result<(), NotTaken> {
        let Some(secret) = &self.signing else { return Ok(()) };
        let given = header("x-strava-signature").ok_or(NotTaken::Forged)?;
        let part = |name: &str| given.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let (time, signature) = part("t").zip(part("v1")).ok_or(NotTaken::Forged)?;
        let signature = unhex(signature).ok_or(NotTaken::Forged)?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| NotTaken::Forged)?;
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&signature).map_err(|_| NotTaken::Forged)?;
        let at = time.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(NotTaken::Late)?;
        if at > now + WINDOW || at < now - WINDOW { Err(NotTaken::Late) } else { Ok(()) }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

impl Webhook for StravaWebhook {
    fn path(&self) -> &str {
        &self.path
    }

    fn admits(&self, header: &Headers<'_>) -> Result<(), NotTaken> {
        let unsigned = self.signing.is_some() && header("x-strava-signature").is_none();
        if unsigned { Err(NotTaken::Forged) } else { Ok(()) }
    }

    fn read(&self, header: &Headers<'_>, body: &mut dyn Read, now: Instant) -> Result<Told, NotTaken> {
        let body = whole(body)?;
        self.signed(header, &body, now)?;
        let sent: Sent = serde_json::from_slice(&body).map_err(|_| NotTaken::Unreadable)?;
        if !self.subscriptions.is_empty() && !self.subscriptions.contains(&sent.subscription_id) {
            return Err(NotTaken::Forged);
        }
        let (kind, id) = (sent.object_type.clone(), sent.object_id.to_string());
        let revoked = sent.updates.get("authorized").is_some_and(|said| said == "false" || said == &json!(false));
        let happened = match (sent.object_type.as_str(), sent.aspect_type.as_str()) {
            ("activity", "create" | "update") => Happened::Changed { kind, id },
            ("activity", "delete") => Happened::Deleted { kind, id },
            ("athlete", "update") if revoked => Happened::Revoked,
            _ => Happened::Other,
        };
        let (Sent { object_type, object_id, aspect_type, event_time, .. }, updates) = (&sent, Sha256::digest(body));
        let body = updates.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let delivery = format!("{object_type}/{object_id}/{aspect_type}/{event_time}/{body}");
        Ok(Told::one(Notice { delivery, account: sent.owner_id.to_string(), happened }))
    }

    fn challenge(&self, query: &[(String, String)]) -> Result<Value, NotTaken> {
        let of = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let (Some("subscribe"), Some(challenge), Some(token)) =
            (of("hub.mode"), of("hub.challenge"), of("hub.verify_token"))
        else {
            return Err(NotTaken::Unreadable);
        };
        // Of digests, so that how long it takes says nothing of the token.
        let same = Sha256::digest(token) == Sha256::digest(self.verify_token.expose_secret());
        if same { Ok(json!({ "hub.challenge": challenge })) } else { Err(NotTaken::Forged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = r#"{"aspect_type":"create","event_time":1772366400,"object_id":1360128428,"object_type":"activity","owner_id":134815,"subscription_id":120475,"updates":{}}"#;

    fn now() -> Instant {
        "2026-03-01T12:00:30Z".parse().expect("an instant")
    }

    fn hook(signing: Option<&str>) -> StravaWebhook {
        StravaWebhook {
            path: "unguessable".to_owned(),
            verify_token: "token".to_owned().into(),
            signing: signing.map(|secret| secret.to_owned().into()),
            subscriptions: vec![120_475],
        }
    }

    fn sign(time: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("any key will do");
        mac.update(format!("{time}.{body}").as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={time},v1={hex}")
    }

    fn happened(body: &str) -> Result<Happened, NotTaken> {
        hook(None).read(&|_| None, &mut body.as_bytes(), now()).map(|mut told| told.notices.remove(0).happened)
    }

    #[test]
    fn a_notice_names_what_is_to_be_looked_at() {
        let activity = |deleted: bool| {
            let (kind, id) = ("activity".to_owned(), "1360128428".to_owned());
            if deleted { Happened::Deleted { kind, id } } else { Happened::Changed { kind, id } }
        };
        assert_eq!(happened(CREATED), Ok(activity(false)));
        assert_eq!(happened(&CREATED.replace("create", "delete")), Ok(activity(true)));
        let gone = r#"{"aspect_type":"update","event_time":1,"object_id":134815,"object_type":"athlete","owner_id":134815,"subscription_id":120475,"updates":{"authorized":"false"}}"#;
        assert_eq!(happened(gone), Ok(Happened::Revoked));
        assert_eq!(happened(&CREATED.replace("activity", "segment")), Ok(Happened::Other));
        assert_eq!(happened(&CREATED.replace("120475", "120476")), Err(NotTaken::Forged));
        assert_eq!(happened("{}"), Err(NotTaken::Unreadable));
    }

    #[test]
    fn pain_16_with_a_signing_secret_a_time_without_a_good_signature_opens_nothing() {
        let read = |header: Option<&str>| {
            let given = |name: &str| header.filter(|_| name == "x-strava-signature");
            hook(Some("secret")).read(&given, &mut CREATED.as_bytes(), now()).map(|_| ())
        };
        let good = sign("1772366400", CREATED);
        assert_eq!(read(Some(&good)), Ok(()));
        assert_eq!(hook(Some("secret")).admits(&|_| None), Err(NotTaken::Forged), "none of it is read");
        let bad = [
            None,
            Some(""),
            Some("t=1772366400"),
            Some("t=1772366400,v1="),
            Some("t=1772366400,v1=00"),
            Some("t=1772366400,v1=zz"),
        ];
        for header in bad {
            assert_eq!(read(header), Err(NotTaken::Forged), "{header:?}");
        }
        assert_eq!(read(Some(&good.replace("t=1772366400", "t=1772366401"))), Err(NotTaken::Forged));
        assert_eq!(read(Some(&sign("1772360000", CREATED))), Err(NotTaken::Late));
    }

    #[test]
    fn the_address_is_shown_to_be_ours_only_with_the_token() {
        let ask = |token: &str| {
            let query = [
                ("hub.mode", "subscribe"),
                ("hub.challenge", "15f7d1a91c1f40f8a748fd134752feb3"),
                ("hub.verify_token", token),
            ];
            hook(None).challenge(&query.map(|(key, value)| (key.to_owned(), value.to_owned())))
        };
        assert_eq!(ask("token"), Ok(json!({ "hub.challenge": "15f7d1a91c1f40f8a748fd134752feb3" })));
        assert_eq!(ask("tokem"), Err(NotTaken::Forged));
        assert_eq!(hook(None).challenge(&[]), Err(NotTaken::Unreadable));
    }
}
