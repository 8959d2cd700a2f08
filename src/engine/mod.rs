//! The five stages, the use cases, and the ports they need.

pub mod ports;
