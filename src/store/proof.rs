//! Checking an export without the store it came from: the chain, the seals of the bodies, what they say, and the signature.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::chain::{Hash, Header};
use super::seal::{self, Binding, Key};
use crate::domain::Instant;
use crate::engine::ports::journal::Fault;
use crate::engine::ports::proof::{Line, OpeningKey, ProvenEvent, Seal, hex, unhex};

/// Bytes a line may have: what is longer is no line of an export.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Faults that are named; a broken file has as many as lines.
const NAMED: usize = 100;

/// What a check of an export came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExportChecked {
    /// Whether it is as it was made.
    pub ok: bool,
    /// Its events.
    pub events: u64,
    /// The streams it holds: one.
    pub streams: u64,
    /// Of a folder: the files that are listed.
    pub files: u64,
    /// Of a folder: the events of the checkpoint that the last of its own is proven to be in.
    pub checkpoint: Option<u64>,
    /// Whose it is, as in `person-<uuid>`.
    pub stream: Option<String>,
    /// When it was made, as its seal says.
    pub exported_at: Option<String>,
    /// Events whose content was erased: their place is proven, what they said is not.
    pub erased: u64,
    /// The key of the server that signed it, in hex.
    pub signed_by: Option<String>,
    /// The hash of the last event, in hex.
    pub head: Option<String>,
    /// What is wrong, by line.
    pub faults: Vec<Fault>,
}

impl ExportChecked {
    /// Notes a fault, unless there are too many to name.
    pub(super) fn fault(&mut self, position: String, rule: &str) {
        if self.faults.len() < NAMED {
            self.faults.push(Fault { position, rule: rule.to_owned() });
        }
        self.ok = false;
    }
}

#[derive(Default)]
struct Check {
    line: u64,
    stream: Option<String>,
    next: u64,
    head: Option<Hash>,
    keys: BTreeMap<Vec<Uuid>, Key>,
    lines: Sha256,
    sealed: bool,
    report: ExportChecked,
}

/// Checks an export. `signed_by` names the key that must have signed it; without one any key will do, and it is told.
///
/// # Errors
/// When the file cannot be read.
pub fn check(
    mut file: impl BufRead,
    signed_by: Option<&str>,
    progress: &dyn Fn(u64),
) -> Result<ExportChecked, io::Error> {
    let mut check = Check::default();
    let mut text = Vec::new();
    loop {
        text.clear();
        if io::Read::take(&mut file, LONGEST).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        check.line += 1;
        let line = serde_json::from_slice::<Line>(&text);
        if !matches!(line, Ok(Line::Seal(_))) {
            check.lines.update(&text);
        }
        match line {
            _ if check.sealed => check.fault("nothing_follows_the_seal"),
            Ok(Line::Key(key)) => check.key(&key),
            Ok(Line::Event(event)) => {
                check.event(&event);
                progress(check.report.events);
            }
            Ok(Line::Seal(seal)) => check.seal(seal, signed_by),
            // A line that is none cannot be skipped: what follows hangs on it.
            Err(_) => {
                check.fault("line_is_of_an_export");
                break;
            }
        }
    }
    if !check.sealed {
        check.fault("seal_is_there");
    }
    check.report.ok = check.report.faults.is_empty();
    check.report.streams = u64::from(check.stream.is_some());
    check.report.stream = check.stream;
    check.report.head = check.head.map(|head| head.to_hex());
    Ok(check.report)
}

impl Check {
    fn fault(&mut self, rule: &str) {
        self.report.fault(format!("line {}", self.line), rule);
    }

    fn ensure(&mut self, holds: bool, rule: &str) {
        if !holds {
            self.fault(rule);
        }
    }

    fn key(&mut self, key: &OpeningKey) {
        let bytes = STANDARD.decode(&key.key).ok().map(Zeroizing::new);
        match bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()) {
            Some(bytes) => drop(self.keys.insert(key.key_ids.clone(), Key::new(bytes))),
            None => self.fault("key_is_whole"),
        }
    }

    fn event(&mut self, event: &ProvenEvent) {
        self.report.events += 1;
        let same = self.stream.get_or_insert_with(|| event.stream.clone()) == &event.stream;
        self.ensure(same, "stream_is_one");
        self.ensure(event.revision == self.next, "revision_follows");
        self.next = event.revision.saturating_add(1);
        let of = |hex: &str| unhex(hex).and_then(|bytes| Hash::try_from(bytes.as_slice()).ok());
        let written = |at: &Instant| at.to_rfc3339_opts(SecondsFormat::Micros, true) == event.recorded_at;
        let recorded = event.recorded_at.parse::<Instant>().ok().filter(written);
        let (Some(previous), Some(digest), Some(hash), Some(recorded)) =
            (of(&event.prev_hash), of(&event.body_digest), of(&event.hash), recorded)
        else {
            return self.fault("hash_is_whole");
        };
        self.ensure(previous == self.head.unwrap_or(Hash::GENESIS), "hash_follows");
        self.head = Some(hash);
        let header = Header {
            stream: &event.stream,
            revision: event.revision,
            event_id: event.event_id,
            event_type: &event.kind,
            schema_version: event.schema_version,
            recorded_at: recorded.timestamp_micros(),
            key_ids: &event.key_ids,
        };
        self.ensure(header.chain(&previous, &digest) == hash, "hash_is_right");
        self.body(event, digest);
    }

    fn body(&mut self, event: &ProvenEvent, digest: Hash) {
        let Some(sealed) = &event.sealed else {
            self.report.erased += 1;
            return self.ensure(event.body.is_none(), "body_is_what_was_sealed");
        };
        let sealed = STANDARD.decode(sealed).unwrap_or_default();
        self.ensure(Hash::of(&sealed) == digest, "digest_is_right");
        let Some(body) = &event.body else {
            // Its key is destroyed: an export that has it must show what it opens.
            self.report.erased += 1;
            let held = self.keys.contains_key(&event.key_ids);
            return self.ensure(!held, "body_is_what_was_sealed");
        };
        let binding = Binding {
            stream: &event.stream,
            event_id: event.event_id,
            event_type: &event.kind,
            schema_version: event.schema_version,
            key_ids: &event.key_ids,
        };
        let opened = self.keys.get(&event.key_ids).and_then(|key| seal::open(key, &binding, &sealed).ok());
        let said = opened.and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok());
        self.ensure(said.as_ref() == Some(body), "body_is_what_was_sealed");
    }

    fn seal(&mut self, seal: Seal, signed_by: Option<&str>) {
        self.sealed = true;
        let head = self.head.map(|head| head.to_hex()).unwrap_or_default();
        let whole = seal.events == self.report.events
            && seal.head == head
            && self.stream.as_ref().is_none_or(|stream| *stream == seal.stream);
        self.ensure(whole, "seal_fits");
        let lines = hex(&std::mem::take(&mut self.lines).finalize());
        self.ensure(seal.lines == lines, "lines_are_those_of_the_seal");
        self.ensure(seal.is_signed(), "seal_is_signed");
        self.ensure(signed_by.is_none_or(|key| key.eq_ignore_ascii_case(&seal.signed_by)), "seal_is_of_that_key");
        self.report.signed_by = Some(seal.signed_by);
        self.report.exported_at = Some(seal.exported_at);
    }
}
