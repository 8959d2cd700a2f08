//! Garmin's notices: whole records of several persons (a push), or where to fetch them (a ping). They are not signed: they bear
//! the id of our application, which is weak, and so an address that cannot be guessed, and nothing but the account they name.
//!
//! A push may be long. It is read from one end to the other and told apart by account, each record as it came, known to this
//! build or not: what becomes of a record is decided when the document is taken in, and can be decided again.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Seek as _, Write as _};
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use tempfile::{SpooledTempFile, spooled_tempfile_in};

use super::PUSH;
use super::push::PART;
use crate::domain::Instant;
use crate::engine::ports::webhook::{Happened, Headers, NotTaken, Notice, Pushed, Told, Webhook};
use crate::providers::http::Base;

/// Bytes of one account's records that are held in memory; what is longer goes to the disk.
const IN_MEMORY: usize = 256 * 1024;

/// Reads Garmin's notices.
pub struct GarminWebhook {
    /// The end of the address that was given to Garmin.
    pub path: String,
    /// The id of our application.
    pub client_id: SecretString,
    /// Where Garmin is: a ping that points elsewhere is not followed.
    pub base: Base,
    /// Where a long push lies while it is read.
    pub folder: PathBuf,
}

/// An entry of a list, of which only whose it is matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    user_id: String,
    #[serde(rename = "callbackURL")]
    callback_url: Option<String>,
}

/// One account's records on their way into a document of their own.
struct Part {
    document: SpooledTempFile,
    /// The list that is open in it.
    list: String,
}

/// A body that is being read.
struct Reading<'a> {
    hook: &'a GarminWebhook,
    told: Told,
    parts: BTreeMap<String, Part>,
}

impl Reading<'_> {
    fn entry(&mut self, list: &str, raw: &RawValue) -> std::io::Result<()> {
        // What names nobody is nobody's; the rest of the body is taken.
        let Ok(of) = serde_json::from_str::<Entry>(raw.get()) else {
            self.told.passed_over += 1;
            return Ok(());
        };
        let known = PUSH.lists.contains(&list);
        let happened = match (list, of.callback_url) {
            ("deregistrations", _) => Happened::Revoked,
            ("userPermissionsChange", _) => Happened::Other,
            (_, Some(url)) if known && url.parse().is_ok_and(|url| self.hook.base.is_home_of(&url)) => {
                Happened::Changed { kind: list.to_owned(), id: url }
            }
            (_, Some(_)) => Happened::Other,
            (_, None) => {
                self.told.passed_over += u64::from(!known);
                return self.push(list, of.user_id, raw);
            }
        };
        let delivery = Sha256::digest(raw.get());
        let delivery = delivery.iter().take(16).fold(format!("{list}/"), |text, byte| format!("{text}{byte:02x}"));
        self.told.notices.push(Notice { delivery, account: of.user_id, happened });
        Ok(())
    }

    /// Adds a record to its account's document, which is `{"garmin_push":[],"dailies":[…],…}`.
    fn push(&mut self, list: &str, account: String, raw: &RawValue) -> std::io::Result<()> {
        let folder = &self.hook.folder;
        let part = self
            .parts
            .entry(account)
            .or_insert_with(|| Part { document: spooled_tempfile_in(IN_MEMORY, folder), list: String::new() });
        if part.list == list {
            part.document.write_all(b",")?;
        } else {
            let before = if part.list.is_empty() { format!("{{\"{PART}\":[") } else { String::new() };
            let name = serde_json::to_string(list)?;
            write!(part.document, "{before}],{name}:[")?;
            list.clone_into(&mut part.list);
        }
        part.document.write_all(raw.get().as_bytes())
    }

    fn end(mut self) -> std::io::Result<Told> {
        for (account, mut part) in self.parts {
            part.document.write_all(b"]}")?;
            part.document.rewind()?;
            self.told.pushed.push(Pushed { account, document: part.document });
        }
        Ok(self.told)
    }
}

/// What an error of the disk is told by, on its way through the reader of JSON.
const DISK: &str = "the disk did not take it";

impl<'de> Visitor<'de> for &mut Reading<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("lists of records by their type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut lists: A) -> Result<(), A::Error> {
        while let Some(name) = lists.next_key::<String>()? {
            lists.next_value_seed(List { reading: self, name: &name })?;
        }
        Ok(())
    }
}

/// A list that is being read.
struct List<'a, 'b> {
    reading: &'a mut Reading<'b>,
    name: &'a str,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(raw) = entries.next_element::<Box<RawValue>>()? {
            self.reading.entry(self.name, &raw).map_err(|_| A::Error::custom(DISK))?;
        }
        Ok(())
    }

    // What is no list is passed over.

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.reading.told.passed_over += 1;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.reading.told.passed_over += 1;
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.reading.told.passed_over += 1;
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.reading.told.passed_over += 1;
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.reading.told.passed_over += 1;
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.reading.told.passed_over += 1;
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

impl Webhook for GarminWebhook {
    fn path(&self) -> &str {
        &self.path
    }

    /// Details of activities come in bodies of up to 100 MB.
    fn most_bytes(&self) -> u64 {
        100 * 1024 * 1024
    }

    fn admits(&self, header: &Headers<'_>) -> Result<(), NotTaken> {
        let shown = header("garmin-client-id").map(Sha256::digest);
        let ours = Sha256::digest(self.client_id.expose_secret());
        if shown == Some(ours) { Ok(()) } else { Err(NotTaken::Forged) }
    }

    fn read(&self, header: &Headers<'_>, body: &mut dyn Read, _: Instant) -> Result<Told, NotTaken> {
        self.admits(header)?;
        let mut reading = Reading { hook: self, told: Told::default(), parts: BTreeMap::new() };
        let mut json = serde_json::Deserializer::from_reader(std::io::BufReader::new(body));
        let read = json.deserialize_map(&mut reading).and_then(|()| json.end());
        read.map_err(|error| {
            let held = !error.is_io() && !error.to_string().starts_with(DISK);
            if held { NotTaken::Unreadable } else { NotTaken::NotHeld }
        })?;
        reading.end().map_err(|_| NotTaken::NotHeld)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "https://apis.garmin.com";

    fn read(client: Option<&str>, body: &str) -> Result<Told, NotTaken> {
        let hook = GarminWebhook {
            path: "unguessable".to_owned(),
            client_id: "client".to_owned().into(),
            base: Base::parse(HOME).expect("a base"),
            folder: std::env::temp_dir(),
        };
        let header = |name: &str| client.filter(|_| name == "garmin-client-id");
        hook.read(&header, &mut body.as_bytes(), "2026-03-01T12:00:00Z".parse().expect("an instant"))
    }

    fn document(told: &mut Told, account: &str) -> String {
        let pushed = told.pushed.iter_mut().find(|pushed| pushed.account == account).expect("a push");
        let mut text = String::new();
        pushed.document.read_to_string(&mut text).expect("a text");
        text
    }

    #[test]
    fn what_is_pushed_for_several_persons_is_told_apart_and_each_record_stays_as_it_came() {
        let body = r#"{"dailies":[{"userId":"a","summaryId":"1","steps":4.50},{"userId":"b","summaryId":"2","steps":5}],
            "sleeps":[{"userId":"a","summaryId":"3"},{"userId": "a"}],"deregistrations":[{"userId":"c"}]}"#;
        let mut told = read(Some("client"), body).expect("taken");
        assert_eq!(
            document(&mut told, "a"),
            r#"{"garmin_push":[],"dailies":[{"userId":"a","summaryId":"1","steps":4.50}],"sleeps":[{"userId":"a","summaryId":"3"},{"userId": "a"}]}"#
        );
        let other = r#"{"garmin_push":[],"dailies":[{"userId":"b","summaryId":"2","steps":5}]}"#;
        assert_eq!(document(&mut told, "b"), other);
        assert_eq!((told.notices[0].account.as_str(), &told.notices[0].happened), ("c", &Happened::Revoked));
        assert_eq!(told.passed_over, 0);
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_counted_and_fails_nothing() {
        let body = r#"{"version":2,"newThings":[{"userId":"a","x":[1]}],"note":"n","more":{"a":[]},"none":null,"dailies":[{},1,
            {"userId":"a","summaryId":"1"}]}"#;
        let mut told = read(Some("client"), body).expect("taken");
        assert_eq!(told.passed_over, 6, "a number, a new list, a text, an object, and two records of nobody");
        assert_eq!(
            document(&mut told, "a"),
            r#"{"garmin_push":[],"newThings":[{"userId":"a","x":[1]}],"dailies":[{"userId":"a","summaryId":"1"}]}"#,
            "a later build may know it: it is kept"
        );
        assert!(told.notices.is_empty());
    }

    #[test]
    fn a_ping_names_an_address_of_garmins_and_who_is_not_garmin_is_not_heard() {
        let ping = |address: &str| format!(r#"{{"sleeps":[{{"userId":"a","callbackURL":"{address}"}}]}}"#);
        let happened = |address: &str| read(Some("client"), &ping(address)).expect("taken").notices.remove(0).happened;
        let home = format!("{HOME}/wellness-api/rest/sleeps?x=1");
        assert_eq!(happened(&home), Happened::Changed { kind: "sleeps".to_owned(), id: home.clone() });
        for other in [
            "https://apis.garmin.com.evil.example/sleeps",
            "https://apis.garmin.com@evil.example/",
            "http://apis.garmin.com/sleeps",
            "https://169.254.169.254/",
            "file:///etc/passwd",
            "",
        ] {
            assert_eq!(happened(other), Happened::Other, "{other}");
        }
        assert_eq!(read(None, &ping(&home)).map(|_| ()), Err(NotTaken::Forged));
        assert_eq!(read(Some("other"), &ping(&home)).map(|_| ()), Err(NotTaken::Forged));
        for broken in ["", "[]", r#"{"dailies":[{"userId":"a"}"#, "{} {}", r#"{"dailies":[{"userId":"a"},]}"#] {
            assert_eq!(read(Some("client"), broken).map(|_| ()), Err(NotTaken::Unreadable), "{broken}");
        }
    }
}
