//! The event log, its keys and the read models: everything Candor remembers.
//!
//! The layers, from the disk up: [`log`] keeps sealed bytes in order and knows no secret; [`chain`] and [`verify`] prove
//! that nobody edited them, and [`checkpoint`] that nothing was cut off; [`keys`] and [`seal`] make them readable to their owner only, and unreadable for good once a
//! key is destroyed; [`journal`] joins the four for the use cases; [`views`] folds the opened events into tables that can
//! be dropped and rebuilt. [`originals`] keeps imported files the same way, sealed and by digest. [`accounts`] stand apart
//! from all of it: credentials are rows that can vanish.
//!
//! [`backup`] copies what cannot be made again, keys and log apart.
//!
//! Nothing here looks at a clock or makes up an id: time, randomness and ids are arguments.

pub mod accounts;
pub mod atomic_file;
pub mod backup;
pub mod chain;
pub mod checkpoint;
pub mod error;
pub mod event_id;
pub mod exported_folder;
pub mod flush;
pub mod jobs;
pub mod journal;
pub mod keys;
mod last_heads;
pub mod log;
pub mod log_place;
pub mod master_key;
mod migrate;
pub mod mode_tag;
pub mod newcomer;
pub mod originals;
pub mod proof;
pub mod refusals;
mod reserve;
pub mod seal;
pub mod sql;
pub mod verify;
pub mod views;
