//! From the shape a fact was written in to the shape it has now: a step for each version, on raw JSON, before anything is
//! decoded.
//!
//! A step knows nothing but the content it changes, and is never changed once it is released; the log is never rewritten.
//! `tests/golden/events` keeps a sample of every shape there ever was.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::DecodeError;

/// Changes the content of an event from one version of its shape to the next.
type Step = fn(&mut Map<String, Value>);

/// The steps of each kind that has more than one version, the first of them from version 1 to 2.
const STEPS: &[(&str, &[Step])] = &[];

fn steps(kind: &str) -> &'static [Step] {
    STEPS.iter().find(|(of, _)| *of == kind).map_or(&[], |(_, steps)| steps)
}

/// The present version of a kind's shape.
pub(super) fn version(kind: &str) -> u32 {
    latest(steps(kind))
}

fn latest(steps: &[Step]) -> u32 {
    u32::try_from(steps.len()).map_or(u32::MAX, |steps| steps.saturating_add(1))
}

/// A body in the present shape of its kind.
///
/// # Errors
/// When no build up to this one wrote that version, or the body is no body of an event.
pub(super) fn lift<'b>(kind: &str, version: u32, body: &'b [u8]) -> Result<Cow<'b, [u8]>, DecodeError> {
    lift_by(steps(kind), kind, version, body)
}

fn lift_by<'b>(steps: &[Step], kind: &str, version: u32, body: &'b [u8]) -> Result<Cow<'b, [u8]>, DecodeError> {
    let latest = latest(steps);
    if version == latest {
        return Ok(Cow::Borrowed(body));
    }
    if version == 0 || version > latest {
        return Err(DecodeError::UnknownVersion { kind: kind.to_owned(), version, latest });
    }
    let malformed = || DecodeError::Malformed(kind.to_owned());
    let mut lifted: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
    let content = lifted.get_mut("content").and_then(Value::as_object_mut).ok_or_else(malformed)?;
    for step in steps.iter().skip(version as usize - 1) {
        step(content);
    }
    serde_json::to_vec(&lifted).map(Cow::Owned).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Version 2 calls it by another name, version 3 says it in metres.
    const MOVED: &[Step] = &[
        |content| {
            if let Some(far) = content.remove("far") {
                content.insert("distance_km".to_owned(), far);
            }
        },
        |content| {
            if let Some(km) = content.remove("distance_km").and_then(|km| km.as_f64()) {
                content.insert("distance_m".to_owned(), json!(km * 1_000.0));
            }
        },
    ];

    fn lifted(version: u32, content: Value) -> Result<Value, DecodeError> {
        let body = json!({ "actor": "person", "content": content }).to_string();
        let lifted = lift_by(MOVED, "moved", version, body.as_bytes())?;
        Ok(serde_json::from_slice(&lifted).unwrap())
    }

    #[test]
    fn each_version_goes_through_the_steps_after_it() {
        let now = json!({ "actor": "person", "content": { "distance_m": 5_000.0, "name": "run" } });
        assert_eq!(lifted(1, json!({ "far": 5, "name": "run" })).unwrap(), now);
        assert_eq!(lifted(2, json!({ "distance_km": 5, "name": "run" })).unwrap(), now);
        assert_eq!(lifted(3, json!({ "distance_m": 5_000.0, "name": "run" })).unwrap(), now);
    }

    #[test]
    fn the_present_version_is_not_taken_apart() {
        let body = b"not even JSON";
        assert!(matches!(lift_by(MOVED, "moved", 3, body), Ok(Cow::Borrowed(same)) if same == body));
    }

    #[test]
    fn a_version_nobody_wrote_yet_is_refused_and_never_guessed() {
        for version in [0, 4, u32::MAX] {
            let refused = lifted(version, json!({ "distance_m": 1.0 })).unwrap_err();
            assert!(matches!(refused, DecodeError::UnknownVersion { latest: 3, .. }), "{refused}");
        }
        assert_eq!(
            lifted(4, json!({})).unwrap_err().to_string(),
            "version 4 of moved is unknown, this build reads 1 to 3: start the build that wrote it, or a newer one"
        );
    }

    #[test]
    fn what_is_no_body_is_refused_without_being_repeated() {
        for body in [&b"437"[..], b"{}", b"{\"content\":437}", b"{"] {
            let refused = lift_by(MOVED, "moved", 1, body).unwrap_err();
            assert_eq!(refused.to_string(), "the body of a moved does not fit its type");
        }
    }
}
