//! The data folder: whom its files are open to, and the SQLite that reads them.

use super::Fault;
use super::facts::Facts;
use crate::store::sql::inspect::OLDEST_SQLITE;

const FOLDER: &str = "CANDOR_DATA_DIR";

pub(super) fn check(facts: &Facts) -> Vec<Fault> {
    let wide = facts.files.iter().filter_map(|file| {
        let path = file.path.display();
        match file.mode {
            Some(mode) if mode & 0o177 == 0 => None,
            Some(mode) => Some(Fault::new(
                FOLDER,
                format!("{path} is open to others (mode {mode:04o})"),
                format!("`chmod 0600 {path}`"),
            )),
            None => Some(Fault::new(
                FOLDER,
                format!("who may read {path} is not known on this system"),
                "run a server on a system with file permissions",
            )),
        }
    });
    let old = (facts.on_sqlite && facts.sqlite_version < OLDEST_SQLITE).then(|| {
        Fault::new(
            FOLDER,
            "this SQLite can corrupt a log that several connections share",
            "build candor with the SQLite it brings, 3.51.3 or later",
        )
    });
    wide.chain(old).collect()
}
