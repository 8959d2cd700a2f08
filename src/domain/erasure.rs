//! Erasing: what can be taken away for good, and the order in which it goes.
//!
//! A request closes the stream for everything else, so that nobody writes under a key that is about to go. Whoever comes to
//! write next finishes what was begun; only then the stream is open again, or closed for ever with the person gone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::event::{ErasureCompleted, ErasureRequested, Event};
use super::invariants::{Checked, ensure};
use super::provider::Provider;
use super::state::PersonState;

/// What has a key of its own, and can be erased for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything of a person.
    Person,
    /// What rests on one provider's data.
    Provider(Provider),
}

/// A name that no scope bears.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("unknown scope; known are person, provider:<name>")]
pub struct UnknownScope;

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person => f.write_str("person"),
            Self::Provider(provider) => write!(f, "provider:{provider}"),
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        match text.strip_prefix("provider:") {
            Some(provider) => provider.parse().map(Self::Provider).map_err(|_| UnknownScope),
            None if text == "person" => Ok(Self::Person),
            None => Err(UnknownScope),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An erasure that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderWay {
    /// What is erased.
    pub scope: Scope,
    /// The revision at which it was asked for.
    pub requested: u64,
    /// The keys that go.
    pub keys: Vec<Uuid>,
    /// The originals that go, by digest.
    pub originals: Vec<String>,
}

/// Where the erasures of a person stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Erasures {
    /// What is being erased: nothing else is written meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<UnderWay>,
    /// The revision of the last that was completed: what was said before it may be unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<u64>,
    /// Whether the person is gone: nothing is ever written again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

impl Erasures {
    /// Whether nothing was ever erased.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn requested(&mut self, revision: u64, e: &ErasureRequested) {
        let (keys, originals) = (e.keys.clone(), e.originals.clone());
        self.under_way = Some(UnderWay { scope: e.scope, requested: revision, keys, originals });
    }

    pub(super) fn completed(&mut self, revision: u64, e: &ErasureCompleted) {
        self.under_way = None;
        self.completed = Some(revision);
        self.gone = self.gone || matches!(e.scope, Scope::Person);
    }
}

/// Whether an event may come although nothing says that there is this person: it may be all that can be read of them, where
/// their key went before a log was put back that does not know of it.
pub(super) fn is_of_the_end(state: &PersonState, event: &Event) -> bool {
    match event {
        Event::ErasureRequested(_) => state.revision.is_some(),
        event => matches!(event, Event::ErasureCompleted(_)),
    }
}

/// Whether a person's stream takes an event as far as erasing goes: while something is being erased only its end, and nothing
/// once the person is gone.
///
/// # Errors
/// The rule that it would break.
pub(super) fn admits(state: &PersonState, event: &Event) -> Checked {
    let erasures = &state.erasures;
    ensure(!erasures.gone, "person_is_not_erased", "person", "everything of this person was erased")?;
    if let Event::ErasureCompleted(e) = event {
        let asked = erasures.under_way.as_ref().is_some_and(|under_way| under_way.scope == e.scope);
        return ensure(asked, "erasure_was_requested", "scope", "only what was asked to go can be gone");
    }
    ensure(
        erasures.under_way.is_none(),
        "no_erasure_is_under_way",
        "person",
        "data are being erased: try again in a moment",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_a_name_that_reads_back() {
        for scope in Provider::ALL.map(Scope::Provider).into_iter().chain([Scope::Person]) {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("provider:nobody".parse::<Scope>(), Err(UnknownScope));
        assert_eq!("".parse::<Scope>(), Err(UnknownScope));
    }
}
