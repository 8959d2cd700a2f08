//! Checkpoints: what the whole log was once, signed and kept where whoever changes the log does not reach.
//!
//! The chain of a stream shows what was changed inside it. It cannot show that the end of the log is missing, a whole
//! stream, or that everything from some event on was written anew with hashes that fit. A checkpoint can: it holds the root
//! of a Merkle tree over the hashes of all events in their order, so there is one log of its size that has it.

mod consistency;
mod folder;
mod inclusion;
pub mod merkle;
mod note;

pub use consistency::{Consistency, Grew};
pub use folder::CheckpointFolder;
pub use inclusion::{Inclusion, Wanted};
pub use note::{BadNote, NoSigner, NoVerifier, Signer, Verifier};
