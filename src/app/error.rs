//! What a command ends with: a message in plain words and an exit code.

use std::fmt::Display;

use crate::engine::EngineError;
use crate::engine::live::LiveError;
use crate::engine::ports::checkpoint::CheckpointError;
use crate::engine::ports::export::ExportError;
use crate::engine::ports::journal::JournalError;
use crate::engine::ports::views::ViewsError;
use crate::store::backup::BackupError;
use crate::store::error::StoreError;
use crate::store::master_key::MasterKeyError;

/// Why a command ended without doing what was asked.
#[derive(Debug)]
pub(super) struct Failure {
    /// 1: the answer is no; 2: it was asked wrongly; 78: the configuration is at fault.
    pub code: u8,
    /// What happened and what to do.
    pub message: String,
}

impl Failure {
    pub(super) fn refused(message: impl Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    pub(super) fn usage(message: impl Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    pub(super) fn configuration(message: impl Display) -> Self {
        Self { code: 78, message: message.to_string() }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Journal(JournalError::Unavailable(_))
            | EngineError::Views(ViewsError::Unavailable(_))
            | EngineError::Refusals(_)
            | EngineError::Erasing(_)
            | EngineError::Originals(_) => Self::refused(format!(
                "{error}. What was acknowledged before is kept; whether the last step was written is not known. Check \
                 the disk and the database, then run the command again"
            )),
            EngineError::Refused(_)
            | EngineError::NotFound { .. }
            | EngineError::Export(_)
            | EngineError::Run(_)
            | EngineError::Journal(_)
            | EngineError::Views(_) => Self::refused(error),
        }
    }
}

impl From<LiveError> for Failure {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Engine(error) => error.into(),
            LiveError::NotSetUp(provider) => Self::configuration(format!(
                "{error}: CANDOR_{0}_CLIENT_ID and CANDOR_{0}_CLIENT_SECRET_FILE name the application that you have \
                 registered there",
                provider.key().to_uppercase()
            )),
            LiveError::NotConnected(provider) | LiveError::Reconnect(provider) => {
                Self::refused(format!("{error}: `candor provider connect {provider}`"))
            }
            error => Self::refused(error),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::refused(error)
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        Self::refused(error)
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        Self::refused(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::refused(format!("{error}; check the data folder, and the databases that the settings name"))
    }
}

impl From<MasterKeyError> for Failure {
    fn from(error: MasterKeyError) -> Self {
        match error {
            MasterKeyError::Torn(_) => Self::configuration(error),
            MasterKeyError::File(..) => Self::refused(error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::refused(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::refused(error)
    }
}
