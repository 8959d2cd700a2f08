//! The files that this process is taking in just now, for whoever waits for one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::person::PersonId;

/// How far a file has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file's name.
    pub name: String,
    /// Its rows; none while it is still read for the first time.
    pub rows: Option<u64>,
    /// The rows that are in the log, or were refused.
    pub done: u64,
}

#[derive(Debug, Default)]
struct Counts {
    rows: AtomicU64,
    done: AtomicU64,
}

type Files = BTreeMap<(PersonId, u64), (String, Arc<Counts>)>;

/// The files on their way. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Importing {
    files: Arc<Mutex<Files>>,
    begun: Arc<AtomicU64>,
}

/// A file on its way: it is told of until this goes.
#[derive(Debug)]
pub struct Underway {
    importing: Importing,
    place: (PersonId, u64),
    counts: Arc<Counts>,
}

impl Importing {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file begins.
    #[must_use]
    pub fn begin(&self, person: PersonId, name: &str) -> Underway {
        let place = (person, self.begun.fetch_add(1, Ordering::Relaxed));
        let counts = Arc::<Counts>::default();
        self.files().insert(place, (name.to_owned(), Arc::clone(&counts)));
        Underway { importing: self.clone(), place, counts }
    }

    /// The files of a person, in the order in which they began.
    #[must_use]
    pub fn of(&self, person: PersonId) -> Vec<Progress> {
        let files = self.files();
        let theirs = files.range((person, 0)..=(person, u64::MAX));
        let progress = |(name, counts): &(String, Arc<Counts>)| Progress {
            name: name.clone(),
            rows: Some(counts.rows.load(Ordering::Relaxed)).filter(|rows| *rows > 0),
            done: counts.done.load(Ordering::Relaxed),
        };
        theirs.map(|(_, file)| progress(file)).collect()
    }
}

impl Underway {
    /// The rows of the file are known.
    pub fn rows(&self, rows: u64) {
        self.counts.rows.store(rows, Ordering::Relaxed);
    }

    /// So many of them are done.
    pub fn done(&self, rows: u64) {
        self.counts.done.store(rows, Ordering::Relaxed);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.importing.files().remove(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_file_is_told_of_to_its_owner_until_it_is_done() {
        let (ann, ben) = (PersonId::new(Uuid::from_u128(1)), PersonId::new(Uuid::from_u128(2)));
        let importing = Importing::default();
        let first = importing.begin(ann, "nights.csv");
        let second = importing.begin(ann, "runs.csv");
        assert_eq!(importing.of(ann)[0], Progress { name: "nights.csv".to_owned(), rows: None, done: 0 });
        second.rows(10);
        second.done(4);
        assert_eq!(importing.of(ann)[1], Progress { name: "runs.csv".to_owned(), rows: Some(10), done: 4 });
        assert_eq!(importing.of(ben), []);
        drop(first);
        assert_eq!(importing.of(ann).len(), 1);
        drop(second);
        assert_eq!(importing.of(ann), []);
    }
}
