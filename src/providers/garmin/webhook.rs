//! Garmin's notices: whole records of several persons (a push), or where to fetch them (a ping). They are not signed: they bear
//! the id of our application, which is weak, and so an address that cannot be guessed, and nothing but the account they name.
//!
//! A ping's address is followed on Garmin's own host alone; that is checked where it is fetched.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::PUSH;
use crate::domain::Instant;
use crate::engine::ports::webhook::{Happened, Headers, NotTaken, Notice, Webhook};

/// Reads Garmin's notices.
pub struct GarminWebhook {
    /// The end of the address that was given to Garmin.
    pub path: String,
    /// The id of our application.
    pub client_id: SecretString,
}

/// An entry of a list, of which only whose it is matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    user_id: String,
    #[serde(rename = "callbackURL")]
    callback_url: Option<String>,
}

impl Webhook for GarminWebhook {
    fn path(&self) -> &str {
        &self.path
    }

    /// Whole days of several persons come at once.
    fn most_bytes(&self) -> usize {
        16 * 1024 * 1024
    }

    fn read(&self, header: &Headers<'_>, body: &[u8], _: Instant) -> Result<Vec<Notice>, NotTaken> {
        let shown = header("garmin-client-id").map(Sha256::digest);
        if shown != Some(Sha256::digest(self.client_id.expose_secret())) {
            return Err(NotTaken::Forged);
        }
        let lists: Map<String, Value> = serde_json::from_slice(body).map_err(|_| NotTaken::Unreadable)?;
        let mut notices = Vec::new();
        let mut pushed: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for (list, entries) in lists {
            let Value::Array(entries) = entries else { return Err(NotTaken::Unreadable) };
            for entry in entries {
                // What names nobody is nobody's; the rest of the body is taken.
                let Ok(of) = Entry::deserialize(&entry) else { continue };
                let happened = match (list.as_str(), of.callback_url) {
                    ("deregistrations", _) => Happened::Revoked,
                    ("userPermissionsChange", _) => Happened::Other,
                    (unknown, _) if !PUSH.lists.contains(&unknown) => Happened::Other,
                    (_, Some(url)) => Happened::Changed { kind: list.clone(), id: url },
                    (_, None) => {
                        let document = pushed.entry(of.user_id).or_default();
                        let records = document.entry(&list).or_insert_with(|| Value::Array(Vec::new()));
                        if let Value::Array(records) = records {
                            records.push(entry);
                        }
                        continue;
                    }
                };
                notices.push(Notice { delivery: delivery(&list, &entry), account: of.user_id, happened });
            }
        }
        for (account, document) in pushed {
            let document = Value::Object(document);
            let bytes = serde_json::to_vec(&document).map_err(|_| NotTaken::Unreadable)?;
            notices.push(Notice { delivery: delivery("push", &document), account, happened: Happened::Pushed(bytes) });
        }
        Ok(notices)
    }
}

/// What tells a notice from others: what it says.
fn delivery(list: &str, said: &Value) -> String {
    let digest = Sha256::digest(said.to_string());
    digest.iter().take(16).fold(format!("{list}/"), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(client: Option<&str>, body: &str) -> Result<Vec<Notice>, NotTaken> {
        let hook = GarminWebhook { path: "unguessable".to_owned(), client_id: "client".to_owned().into() };
        let header = |name: &str| client.filter(|_| name == "garmin-client-id");
        hook.read(&header, body.as_bytes(), "2026-03-01T12:00:00Z".parse().expect("an instant"))
    }

    #[test]
    fn what_is_pushed_for_several_persons_is_told_apart() {
        let body = r#"{"dailies":[{"userId":"a","summaryId":"1","steps":4},{"userId":"b","summaryId":"2","steps":5}],
            "sleeps":[{"userId":"a","summaryId":"3"}],"deregistrations":[{"userId":"c"}]}"#;
        let notices = read(Some("client"), body).expect("taken");
        let of = |account: &str| notices.iter().find(|notice| notice.account == account).expect("a notice");
        let document = |account: &str| -> Value {
            match &of(account).happened {
                Happened::Pushed(bytes) => serde_json::from_slice(bytes).expect("JSON"),
                other => panic!("{other:?}"),
            }
        };
        let daily = json!({ "userId": "a", "summaryId": "1", "steps": 4 });
        assert_eq!(document("a"), json!({ "dailies": [daily], "sleeps": [{ "userId": "a", "summaryId": "3" }] }));
        assert_eq!(document("b"), json!({ "dailies": [{ "userId": "b", "summaryId": "2", "steps": 5 }] }));
        assert_eq!(of("c").happened, Happened::Revoked);
    }

    #[test]
    fn a_ping_names_an_address_and_who_is_not_garmin_is_not_heard() {
        let body =
            r#"{"sleeps":[{"userId":"a","callbackURL":"https://apis.garmin.com/wellness-api/rest/sleeps?x=1"}]}"#;
        let notice = read(Some("client"), body).expect("taken").remove(0);
        assert!(matches!(notice.happened, Happened::Changed { kind, .. } if kind == "sleeps"));
        assert_eq!(read(Some("client"), r#"{"dailies":[{},1]}"#), Ok(Vec::new()), "nobody's");
        assert_eq!(read(None, body), Err(NotTaken::Forged));
        assert_eq!(read(Some("other"), body), Err(NotTaken::Forged));
        for broken in ["", "[]", r#"{"dailies":{}}"#] {
            assert_eq!(read(Some("client"), broken), Err(NotTaken::Unreadable), "{broken}");
        }
    }
}
