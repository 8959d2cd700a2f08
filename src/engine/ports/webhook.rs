//! Notices that providers send by themselves, as they read them: signed where a provider signs, and believed in nothing but
//! that something is to be looked at.

use thiserror::Error;

use crate::domain::Instant;

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Tells it from others: the same again is the same notice.
    pub delivery: String,
    /// The account it is about.
    pub account: String,
    /// What has happened.
    pub happened: Happened,
}

/// What has happened at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A record is new or was changed.
    Changed {
        /// What it is there.
        kind: String,
        /// Its id there.
        id: String,
    },
    /// A record is gone.
    Deleted {
        /// What it was there.
        kind: String,
        /// Its id there.
        id: String,
    },
    /// The person took the access back there.
    Revoked,
    /// Records came along: a document that the import understands.
    Pushed(Vec<u8>),
    /// Something that this build does not look at.
    Other,
}

/// Why a notice is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotTaken {
    /// It is not signed as the provider signs.
    #[error("it is not signed as it should be")]
    Forged,
    /// It was signed too long ago, or its time lies ahead.
    #[error("it was signed at another time")]
    Late,
    /// It is not what the provider sends.
    #[error("it is not what is sent here")]
    Unreadable,
}

impl NotTaken {
    /// A name for a count.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Late => "late",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A header of a request by its name in lower case.
pub type Headers<'a> = dyn Fn(&str) -> Option<&'a str> + Sync + 'a;

/// Reads the notices of one provider.
pub trait Webhook: Send + Sync {
    /// What stands at the end of its address, so that nobody can guess it; empty where its notices are signed.
    fn path(&self) -> &str {
        ""
    }

    /// Bytes that a request has at most.
    fn most_bytes(&self) -> usize {
        64 * 1024
    }

    /// The notices of a request, whose body is exactly as it came.
    ///
    /// # Errors
    /// Why none of them is taken.
    fn read(&self, header: &Headers<'_>, body: &[u8], now: Instant) -> Result<Vec<Notice>, NotTaken>;

    /// What to answer to the question whether this is the right address, which Strava asks before it sends anything.
    ///
    /// # Errors
    /// When it is not asked as the provider asks.
    fn challenge(&self, query: &[(String, String)]) -> Result<serde_json::Value, NotTaken> {
        let _ = query;
        Err(NotTaken::Unreadable)
    }
}
