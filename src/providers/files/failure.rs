//! What stops the reading of a whole file.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use crate::engine::ports::export::ExportError;

/// A fault of a file, before the file's name is known.
#[derive(Debug)]
pub(in crate::providers) enum Failure {
    /// It cannot be opened or read.
    Unreadable(String),
    /// Nothing recognised its content.
    Unknown(String),
    /// Its structure breaks.
    Broken { place: String, reason: String },
}

impl Failure {
    pub(in crate::providers) fn broken(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Broken { place: place.into(), reason: reason.into() }
    }

    /// Names a fault met while bytes were read.
    pub(in crate::providers) fn reading(place: impl Into<String>, error: &io::Error) -> Self {
        if let Some(stop) = error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>()) {
            return Self::broken(place, stop.0.clone());
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::broken(place, "the file ends too early; download it again"),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::broken(place, "the packed data is damaged; download the file again")
            }
            _ if error.to_string().to_lowercase().contains("checksum") => {
                Self::broken(place, "the checksum does not fit the data; download the file again")
            }
            kind => Self::Unreadable(format!("cannot be read: {kind}")),
        }
    }

    pub(super) fn of(self, file: &str) -> ExportError {
        let file = file.to_owned();
        match self {
            Self::Unreadable(reason) => ExportError::Unreadable { file, reason },
            Self::Unknown(reason) => ExportError::Unknown { file, reason },
            Self::Broken { place, reason } => ExportError::Broken { file, place, reason },
        }
    }
}

/// A limit of ours, carried through a reader as an I/O error.
#[derive(Debug)]
pub(super) struct Stop(pub(super) String);

impl Stop {
    pub(super) fn error(reason: impl Into<String>) -> io::Error {
        io::Error::other(Self(reason.into()))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Stop {}

/// A file's name without its folder, fit to be shown.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    presentable(&name)
}

/// Control characters become spaces; very long names are cut.
pub(super) fn presentable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(160).collect()
}
