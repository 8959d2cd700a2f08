//! The generated half of the protocol.

#![expect(clippy::allow_attributes, reason = "generated: see protocol/README.md")]

include!("protocol/modules.rs");
