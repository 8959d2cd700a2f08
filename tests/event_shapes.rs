//! Every shape an event was ever written in can be read by this build, and none changes unseen.
//!
//! `tests/golden/events/<kind>.v<version>.json` holds samples of a kind's body in one version of its shape: what the log
//! may hold. A sample that is there is never changed and never removed. A field that is added must be filled in a sample
//! that is added; whatever else changes a shape is a new version, with a step in `src/domain/event/upcast.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use candor::domain::event::{Event, Meta};
use serde_json::{Value, json};

/// Fields that no body holds: they are of the moment.
const NOT_KEPT: [&str; 1] = ["Observation.dated"];

/// The samples of a kind in a version of its shape.
struct Samples {
    kind: String,
    version: u32,
    bodies: Vec<Value>,
}

fn kept() -> Vec<Samples> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events");
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (kind, version) = name.rsplit_once(".v").unwrap_or_else(|| panic!("{name}: <kind>.v<version>.json"));
        let bodies = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        all.push(Samples { kind: kind.to_owned(), version: version.parse().unwrap(), bodies });
    }
    all.sort_by(|one, other| (&one.kind, one.version).cmp(&(&other.kind, other.version)));
    all
}

fn read(kind: &str, version: u32, body: &Value) -> Result<(Meta, Event), String> {
    Event::decode(kind, version, body.to_string().as_bytes()).map_err(|error| error.to_string())
}

fn written((meta, event): &(Meta, Event)) -> Value {
    serde_json::from_slice(&event.encode(meta).unwrap()).unwrap()
}

/// Whether everything that one document says is said by another.
fn holds(all: &Value, part: &Value) -> bool {
    match (all, part) {
        (Value::Object(all), Value::Object(part)) => {
            part.iter().all(|(name, part)| all.get(name).is_some_and(|all| holds(all, part)))
        }
        (Value::Array(all), Value::Array(part)) => {
            all.len() == part.len() && all.iter().zip(part).all(|(all, part)| holds(all, part))
        }
        _ => all == part,
    }
}

/// The fields of structures as `{:#?}` shows them, as in `Source.file`, each with whether something stands in it.
fn fields(shown: &str) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    let mut open: Vec<&str> = Vec::new();
    for line in shown.lines().map(str::trim) {
        let field = line.split_once(": ").filter(|(name, _)| !name.contains(|c: char| !c.is_lowercase() && c != '_'));
        if let (Some((name, value)), Some(owner)) = (field, open.last().filter(|owner| !owner.is_empty())) {
            let empty = ["None,", "[],", "{},", "\"\",", "false,", "0,", "0.0,"].contains(&value);
            *found.entry(format!("{owner}.{name}")).or_default() |= !empty;
        }
        if line.starts_with(['}', ')', ']']) {
            open.pop();
        } else if line.ends_with(['{', '(', '[']) {
            let of = line.trim_end_matches(" {").rsplit(' ').next().unwrap_or_default();
            let named = line.ends_with(" {") && of.starts_with(|c: char| c.is_uppercase());
            open.push(if named { of } else { "" });
        }
    }
    found
}

#[test]
fn fields_are_found_where_they_stand() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "it is only shown")]
    struct Outer {
        kept: Option<Inner>,
        many: Vec<Inner>,
        by_name: BTreeMap<&'static str, u32>,
    }
    #[derive(Debug)]
    #[expect(dead_code, reason = "it is only shown")]
    struct Inner {
        text: &'static str,
        count: u32,
    }
    let inner = |text, count| Inner { text, count };
    let outer =
        Outer { kept: None, many: vec![inner("", 0), inner("a: {", 0)], by_name: BTreeMap::from([("not_a_field", 1)]) };
    let expected = [
        ("Inner.count", false),
        ("Inner.text", true),
        ("Outer.by_name", true),
        ("Outer.kept", false),
        ("Outer.many", true),
    ];
    assert_eq!(fields(&format!("{outer:#?}")), expected.map(|(name, filled)| (name.to_owned(), filled)).into());
}

#[test]
fn every_kind_has_samples_of_each_version_up_to_the_present_one() {
    let kept = kept();
    let kinds: BTreeSet<&str> = kept.iter().map(|samples| samples.kind.as_str()).collect();
    let known = BTreeSet::from_iter(Event::KINDS.iter().copied());
    assert_eq!(kinds, known, "tests/golden/events against the vocabulary");
    for kind in known {
        let versions: Vec<u32> = kept.iter().filter(|samples| samples.kind == kind).map(|s| s.version).collect();
        let (_, event) = read(kind, versions[0], &kept.iter().find(|s| s.kind == kind).unwrap().bodies[0]).unwrap();
        let all: Vec<u32> = (1..=event.schema_version()).collect();
        assert_eq!(versions, all, "{kind}: a file for each version");
    }
}

#[test]
fn whatever_was_written_is_read_and_nothing_of_it_is_lost() {
    let mut faults = Vec::new();
    for Samples { kind, version, bodies } in kept() {
        let mut same = 0;
        for (number, body) in bodies.iter().enumerate() {
            let event = match read(&kind, version, body) {
                Ok(event) => event,
                Err(error) => {
                    faults.push(format!("{kind}.v{version}[{number}]: {error}"));
                    continue;
                }
            };
            let again = written(&event);
            same += usize::from(again == *body);
            if version == event.1.schema_version() && !holds(&again, body) {
                faults.push(format!("{kind}.v{version}[{number}]: not all of it comes back\n{body}\n{again}"));
            }
            assert_eq!(read(&kind, event.1.schema_version(), &again).as_ref(), Ok(&event), "{kind}");
        }
        if same == 0 && version == read(&kind, version, &bodies[0]).map_or(version, |event| event.1.schema_version()) {
            faults.push(format!("{kind}.v{version}: no sample is as this build writes it"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn what_an_older_version_is_lifted_to_is_a_sample_of_the_present_one() {
    let kept = kept();
    for old in &kept {
        for body in &old.bodies {
            let (meta, event) = read(&old.kind, old.version, body).unwrap();
            if old.version < event.schema_version() {
                let now = kept.iter().find(|now| now.kind == old.kind && now.version == event.schema_version());
                let lifted = written(&(meta, event));
                assert!(now.is_some_and(|now| now.bodies.contains(&lifted)), "{}: {lifted}", old.kind);
            }
        }
    }
}

#[test]
fn every_field_of_every_kind_is_filled_in_a_sample() {
    let mut faults = Vec::new();
    let mut by_kind: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    for Samples { kind, version, bodies } in kept() {
        let all = by_kind.entry(kind.clone()).or_default();
        for body in &bodies {
            let Ok(event) = read(&kind, version, body) else { continue };
            for (field, filled) in fields(&format!("{event:#?}")) {
                *all.entry(field).or_default() |= filled;
            }
        }
    }
    for (kind, fields) in by_kind {
        let empty = fields.into_iter().filter(|(name, filled)| !filled && !NOT_KEPT.contains(&name.as_str()));
        faults.extend(empty.map(|(name, _)| format!("{kind}: no sample says anything in {name}; add one that does")));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_version_of_a_newer_build_is_refused() {
    for Samples { kind, version, bodies } in kept() {
        let refused = read(&kind, version + 1, &bodies[0]);
        assert!(
            refused.as_ref().is_err_and(|why| why.contains("start the build that wrote it")),
            "{kind}: {refused:?}"
        );
    }
    assert_eq!(read("thing_of_the_future", 1, &json!({})).unwrap_err(), "unknown event type thing_of_the_future");
}
