//! Who may come in: accounts, their sessions and devices, and what each of them is allowed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

macro_rules! ids {
    ($($doc:literal $name:ident),+ $(,)?) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(Uuid);

            impl $name {
                /// Wraps an id that the caller has drawn or read.
                #[must_use]
                pub const fn new(id: Uuid) -> Self {
                    Self(id)
                }

                /// The id as a UUID.
                #[must_use]
                pub const fn uuid(self) -> Uuid {
                    self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl FromStr for $name {
                type Err = uuid::Error;

                fn from_str(s: &str) -> Result<Self, Self::Err> {
                    Uuid::parse_str(s).map(Self)
                }
            }
        )+
    };
}

ids! {
    "The random id of an account." AccountId,
    "The random id of a session: one login and all the refreshes that followed it." SessionId,
    "The random id of a device." DeviceId,
}

/// A word that is none of a closed set.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("unknown {what} {word:?}; known are {known}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    known: &'static str,
}

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Somebody whose data it is.
    Person,
    /// Somebody who resolves reviews.
    Reviewer,
    /// Somebody who runs the machine.
    Operator,
}

impl Role {
    /// The stable name used in tables and on the command line.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let unknown =
            || UnknownWord { what: "role", word: s.chars().take(40).collect(), known: "person, reviewer, operator" };
        [Self::Person, Self::Reviewer, Self::Operator].into_iter().find(|role| role.key() == s).ok_or_else(unknown)
    }
}

/// What a device may do; a device never may more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceScope {
    /// Send observations.
    ObservationsWrite,
    /// Read the summary for a watch face.
    SummaryRead,
}

impl DeviceScope {
    /// The stable name used in tables and on the wire.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::ObservationsWrite => "observations_write",
            Self::SummaryRead => "summary_read",
        }
    }
}

impl fmt::Display for DeviceScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl FromStr for DeviceScope {
    type Err = UnknownWord;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownWord {
            what: "scope",
            word: s.chars().take(40).collect(),
            known: "observations_write, summary_read",
        };
        [Self::ObservationsWrite, Self::SummaryRead].into_iter().find(|scope| scope.key() == s).ok_or_else(unknown)
    }
}

/// Why a text is no account's name.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AccountNameError {
    /// Too short or too long.
    #[error("a name has 3 to 254 characters")]
    Length,
    /// A character that may not stand in a name.
    #[error("a name has the letters a to z, digits, and . _ + - with at most one @")]
    Character,
}

/// The name somebody logs in with: an e-mail address or a plain one, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AccountName(String);

impl AccountName {
    /// Reads a name: what surrounds it is cut off, and capitals are made small.
    ///
    /// Only ASCII is taken, so that no two names look alike.
    ///
    /// # Errors
    /// When it is too short, too long, or holds what may not stand in a name.
    pub fn new(text: &str) -> Result<Self, AccountNameError> {
        let text = text.trim();
        if !(3..=254).contains(&text.len()) {
            return Err(AccountNameError::Length);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".@_+-".contains(&byte);
        if !text.bytes().all(allowed) || text.matches('@').count() > 1 {
            return Err(AccountNameError::Character);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::new(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_lower_cased() {
        assert_eq!(AccountName::new("  Anna.Lee+x@Example.ORG\n").unwrap().as_str(), "anna.lee+x@example.org");
        assert_eq!(AccountName::new("bob").unwrap().as_str(), "bob");
        assert_eq!(AccountName::new(&"a".repeat(254)).unwrap().as_str().len(), 254);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "ab", "  ab  ", &"a".repeat(255)] {
            assert_eq!(AccountName::new(text), Err(AccountNameError::Length), "{text:?}");
        }
        for text in ["a b c", "a@b@c", "anna\u{0}x", "\u{430}nna@example.org", "a'--", "ann\na"] {
            assert_eq!(AccountName::new(text), Err(AccountNameError::Character), "{text:?}");
        }
    }

    #[test]
    fn words_of_closed_sets_come_back() {
        for role in [Role::Person, Role::Reviewer, Role::Operator] {
            assert_eq!(role.key().parse(), Ok(role));
        }
        for scope in [DeviceScope::ObservationsWrite, DeviceScope::SummaryRead] {
            assert_eq!(scope.key().parse(), Ok(scope));
        }
        assert!("admin".parse::<Role>().is_err() && "all".parse::<DeviceScope>().is_err());
    }
}
