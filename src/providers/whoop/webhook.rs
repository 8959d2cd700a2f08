//! WHOOP's notices: signed over the time and the body as they came, one record each, without what it says.
//!
//! A notice of a recovery bears the id of its sleep. There is none of a cycle, of a profile, or of access that was taken back.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use uuid::Uuid;

use crate::domain::Instant;
use crate::engine::ports::webhook::{Happened, Headers, NotTaken, Notice, Told, Webhook, whole};

/// How old a signature may be. WHOOP sends again for about an hour and does not say whether it signs again: a shorter time would
/// lose what came while this server was down, and a notice that is replayed orders nothing new.
const OLDEST: TimeDelta = TimeDelta::hours(2);
/// How far its clock may run ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Reads WHOOP's notices.
pub struct WhoopWebhook {
    secret: SecretString,
}

#[derive(Deserialize)]
struct Sent {
    user_id: i64,
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    trace_id: String,
}

impl WhoopWebhook {
    /// Notices signed with the secret of an application.
    #[must_use]
    pub fn new(secret: SecretString) -> Self {
        Self { secret }
    }

    fn signed(&self, header: &Headers<'_>, body: &[u8], now: Instant) -> Result<(), NotTaken> {
        let signature = header("x-whoop-signature").and_then(|text| STANDARD.decode(text.trim()).ok());
        let (signature, time) = signature.zip(header("x-whoop-signature-timestamp")).ok_or(NotTaken::Forged)?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.expose_secret().as_bytes()).map_err(|_| NotTaken::Forged)?;
        mac.update(time.as_bytes());
        mac.update(body);
        mac.verify_slice(&signature).map_err(|_| NotTaken::Forged)?;
        let at = time.trim().parse().ok().and_then(DateTime::from_timestamp_millis).ok_or(NotTaken::Late)?;
        if at > now + AHEAD || at < now - OLDEST { Err(NotTaken::Late) } else { Ok(()) }
    }
}

impl Webhook for WhoopWebhook {
    fn admits(&self, header: &Headers<'_>) -> Result<(), NotTaken> {
        let signed = header("x-whoop-signature").and(header("x-whoop-signature-timestamp"));
        signed.map(|_| ()).ok_or(NotTaken::Forged)
    }

    fn read(&self, header: &Headers<'_>, body: &mut dyn Read, now: Instant) -> Result<Told, NotTaken> {
        let body = whole(body)?;
        self.signed(header, &body, now)?;
        let sent: Sent = serde_json::from_slice(&body).map_err(|_| NotTaken::Unreadable)?;
        let (kind, what) = sent.kind.split_once('.').unwrap_or((sent.kind.as_str(), ""));
        let (kind, id) = (kind.to_owned(), sent.id.to_string());
        let known = matches!(kind.as_str(), "sleep" | "recovery" | "workout");
        let happened = match what {
            "updated" if known => Happened::Changed { kind, id },
            "deleted" if known => Happened::Deleted { kind, id },
            _ => Happened::Other,
        };
        // Its own id tells it from others; what it says is along, so that a new notice under an old id is not lost.
        let delivery = format!("{}/{}/{}", sent.trace_id, sent.kind, sent.id);
        Ok(Told::one(Notice { delivery, account: sent.user_id.to_string(), happened }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &str = r#"{"user_id":10129,"id":"ecfc6a15-4661-442f-a9a4-f160dd7afae8","type":"sleep.updated","trace_id":"e369c784-5100-49e8-8098-75d35c47b31b"}"#;
    const TIME: &str = "1772366400000";

    fn now() -> Instant {
        "2026-03-01T12:00:30Z".parse().expect("an instant")
    }

    fn sign(time: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("any key will do");
        mac.update(time.as_bytes());
        mac.update(body);
        STANDARD.encode(mac.finalize().into_bytes())
    }

    fn read(signature: &str, time: &str, body: &[u8], now: Instant) -> Result<Vec<Notice>, NotTaken> {
        let header = |name: &str| match name {
            "x-whoop-signature" => Some(signature),
            "x-whoop-signature-timestamp" => Some(time),
            _ => None,
        };
        let told = WhoopWebhook::new("secret".to_owned().into()).read(&header, &mut &*body, now);
        told.map(|told| told.notices)
    }

    #[test]
    fn a_signed_notice_names_what_changed() {
        let notice = read(&sign(TIME, BODY.as_bytes()), TIME, BODY.as_bytes(), now()).expect("taken").remove(0);
        let id = "ecfc6a15-4661-442f-a9a4-f160dd7afae8".to_owned();
        assert_eq!(notice.happened, Happened::Changed { kind: "sleep".to_owned(), id });
        assert_eq!(notice.account, "10129");
    }

    #[test]
    fn a_notice_that_is_forged_late_or_from_the_future_is_not_taken() {
        let good = sign(TIME, BODY.as_bytes());
        let changed = BODY.replace("10129", "10128");
        assert_eq!(read(&good, TIME, changed.as_bytes(), now()), Err(NotTaken::Forged));
        assert_eq!(read(&good, "1772366400001", BODY.as_bytes(), now()), Err(NotTaken::Forged));
        assert_eq!(read("", TIME, BODY.as_bytes(), now()), Err(NotTaken::Forged));
        assert_eq!(read("!!!", TIME, BODY.as_bytes(), now()), Err(NotTaken::Forged));
        assert_eq!(read(&good, TIME, BODY.as_bytes(), now() + TimeDelta::hours(3)), Err(NotTaken::Late));
        assert_eq!(read(&good, TIME, BODY.as_bytes(), now() - TimeDelta::hours(1)), Err(NotTaken::Late));
        assert_eq!(read(&sign(TIME, b"[]"), TIME, b"[]", now()), Err(NotTaken::Unreadable));
        assert_eq!(read(&sign("soon", b"{}"), "soon", b"{}", now()), Err(NotTaken::Late));
        let none = WhoopWebhook::new("secret".to_owned().into()).admits(&|_| None);
        assert_eq!(none, Err(NotTaken::Forged), "without a signature none of it is read");
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_not_taken_and_nothing_panics(at in any::<proptest::sample::Index>(), bit in 0_u8..8) {
            let mut body = BODY.as_bytes().to_vec();
            let at = at.index(body.len());
            body[at] ^= 1 << bit;
            prop_assert_eq!(read(&sign(TIME, BODY.as_bytes()), TIME, &body, now()), Err(NotTaken::Forged));
        }

        #[test]
        fn arbitrary_signed_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&sign(TIME, &body), TIME, &body, now());
        }
    }
}
