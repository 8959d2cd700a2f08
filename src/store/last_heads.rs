//! The heads that this process left last: an append that goes on from one does not read it again.
//!
//! A head in memory may be old, since others write too. It stands in for the one in the log only at the revision that the
//! caller decided at; where somebody has written since, the log refuses the append.
//!
//! Nor does such an append look whether keys were destroyed. A key is destroyed only after its person's stream took in the request,
//! and until the end of that erasure the stream takes nothing else (`domain::erasure`). The first append of such a row looked, after
//! every erasure that was over by then; a request is never kept here, whoever wrote it, so that who writes the end of an erasure looks too.

use quick_cache::sync::Cache;

use super::log::Head;
use crate::domain::person::PersonId;

/// How many are kept; the others are read again.
const MOST: usize = 10_000;

/// The heads after the last appends.
pub(super) struct LastHeads(Cache<PersonId, Head>);

impl Default for LastHeads {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl LastHeads {
    /// The head of a person's stream, if this process left it at this revision.
    pub(super) fn at(&self, person: PersonId, revision: Option<u64>) -> Option<Head> {
        self.0.get(&person).filter(|head| Some(head.revision) == revision)
    }

    /// Keeps what an append left, or forgets what it may have left.
    pub(super) fn set(&self, person: PersonId, left: Option<Head>) {
        match left {
            Some(head) => self.0.insert(person, head),
            None => {
                self.0.remove(&person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::chain::Hash;
    use uuid::Uuid;

    #[test]
    fn a_head_is_known_at_its_own_revision_only_and_until_it_is_forgotten() {
        let (heads, person) = (LastHeads::default(), PersonId::new(Uuid::from_u128(1)));
        let head = Head { revision: 7, hash: Hash::of(b"7") };
        heads.set(person, Some(head));
        assert_eq!(heads.at(person, Some(7)), Some(head));
        for other in [None, Some(6), Some(8)] {
            assert_eq!(heads.at(person, other), None);
        }
        assert_eq!(heads.at(PersonId::new(Uuid::from_u128(2)), Some(7)), None);
        heads.set(person, None);
        assert_eq!(heads.at(person, Some(7)), None);
    }
}
