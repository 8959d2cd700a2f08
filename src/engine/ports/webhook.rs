//! Notices that providers send by themselves, as they read them: signed where a provider signs, and believed in nothing but
//! that something is to be looked at.

use std::io::Read;

use tempfile::SpooledTempFile;
use thiserror::Error;

use crate::domain::Instant;

/// What a request says.
#[derive(Debug, Default)]
pub struct Told {
    /// What has happened.
    pub notices: Vec<Notice>,
    /// Records that came along.
    pub pushed: Vec<Pushed>,
    /// Lists and records that were passed over: not known to this build, or nobody's.
    pub passed_over: u64,
}

/// Records of one account that came along: a document that the import understands, each record as it came.
#[derive(Debug)]
pub struct Pushed {
    /// Whose they are.
    pub account: String,
    /// The document. A long one lies on the disk, without a name.
    pub document: SpooledTempFile,
}

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
    /// It could not be held on this machine's disk.
    #[error("it could not be held")]
    NotHeld,
}

impl NotTaken {
    /// A name for a count.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Late => "late",
            Self::Unreadable => "unreadable",
            Self::NotHeld => "not_held",
        }
    }
}

/// A header of a request by its name in lower case.
pub type Headers<'a> = dyn Fn(&str) -> Option<&'a str> + Sync + 'a;

impl Told {
    /// One notice and nothing else.
    #[must_use]
    pub fn one(notice: Notice) -> Self {
        Self { notices: vec![notice], ..Self::default() }
    }
}

/// A body that is short, whole.
///
/// # Errors
/// `NotHeld` where it cannot be read.
pub fn whole(body: &mut dyn Read) -> Result<Vec<u8>, NotTaken> {
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes).map_err(|_| NotTaken::NotHeld)?;
    Ok(bytes)
}

/// Reads the notices of one provider.
pub trait Webhook: Send + Sync {
    /// What stands at the end of its address, so that nobody can guess it; empty where its notices are signed.
    fn path(&self) -> &str {
        ""
    }

    /// Bytes that a request has at most.
    fn most_bytes(&self) -> u64 {
        64 * 1024
    }

    /// Looks at the head of a request, before any of its body is read.
    ///
    /// # Errors
    /// Why it need not be read.
    fn admits(&self, header: &Headers<'_>) -> Result<(), NotTaken>;

    /// What a request says, whose body is exactly as it came.
    ///
    /// # Errors
    /// Why none of it is taken.
    fn read(&self, header: &Headers<'_>, body: &mut dyn Read, now: Instant) -> Result<Told, NotTaken>;

    /// What to answer to the question whether this is the right address, which Strava asks before it sends anything.
    ///
    /// # Errors
    /// When it is not asked as the provider asks.
    fn challenge(&self, query: &[(String, String)]) -> Result<serde_json::Value, NotTaken> {
        let _ = query;
        Err(NotTaken::Unreadable)
    }
}
