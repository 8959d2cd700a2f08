//! WHOOP, Garmin, Oura, Fitbit, Apple Health, Strava and files: foreign records become observations, and nothing else.
//!
//! A provider's folder knows its layouts and their traps; `files` knows containers (CSV, JSON, NDJSON, zip) and
//! tells formats apart by content. Nothing here decides what is new, doubled or corrected: that is the engine's.
//! Names, descriptions, notes and places never leave the file.

mod apple;
mod candor;
mod draft;
mod fields;
mod files;
mod fitbit;
pub mod garmin;
pub mod http;
pub mod oauth;
mod oura;
pub mod strava;
mod time;
mod track;
pub mod whoop;
mod written;

pub use files::ExportFiles;
