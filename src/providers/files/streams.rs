//! The samples of an activity, from the file in which it was told. A layout that holds samples has its arm here.

use std::path::Path;

use crate::domain::activity::Streams;
use crate::domain::observation::Activity;
use crate::engine::ports::export::Part;

use super::content::Content;
use super::entries;
use super::failure::Failure;
use super::format::{Format, Layout};

/// The samples in one part of a file; none where it has none of this activity.
pub(super) fn of(path: &Path, part: &Part, activity: &Activity) -> Result<Option<Streams>, Failure> {
    let Some(format) = Format::named(part.format).filter(|format| format.provider == activity.provider) else {
        return Ok(None);
    };
    let read = |content: &mut Content<'_>| match &format.layout {
        Layout::Document(document) => entries::streams(content, document, activity),
        Layout::Table(_) | Layout::Lines(_) => Ok(None),
    };
    super::with_part(path, part, &mut |_| {}, read)
}
