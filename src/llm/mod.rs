//! The narrator that asks a language model: any endpoint that speaks the chat completions of OpenAI.
//!
//! It decides nothing and checks no claim: it asks once, within the time it is given, and hands back a plan whose shape is right
//! or a reason without words. What was sent, what came back and the key reach no log, no error and no panic. A model is asked
//! for a choice only; there is no way to ask it for prose.

pub mod breaker;
mod client;
pub mod prompt;
pub mod schema;
pub mod settings;
mod transport;
mod wire;

pub use client::ChatNarrator;
pub use settings::{BadSetting, Payload, Settings, Variables};
