//! Tables that their log has left take nothing in, and whoever goes on with them ends.
//!
//! A log that was moved away (`candor log move`) leaves its tables as they were. Their epoch is negative from then on, so that a
//! process that was left running is refused; it would go on to fail at whatever it does, so it ends, and is refused as well
//! where it starts again as it was set.

use tokio::sync::SetOnce;

use crate::store::error::StoreError;

/// What is said when it ends.
pub const WHY: &str =
    "these tables were left by their log: name where `candor log move` said that it lies now, and start again";

/// Once is enough for the whole process.
static MET: SetOnce<()> = SetOnce::const_new();

/// Waits until somebody met tables that their log has left.
pub async fn met() {
    MET.wait().await;
}

/// Whether somebody met them.
#[must_use]
pub fn is_met() -> bool {
    MET.initialized()
}

/// Takes note that it was met.
pub(in crate::store) fn meet() -> StoreError {
    // Whoever meets it second changes nothing.
    let _ = MET.set(());
    StoreError::unavailable(WHY)
}
