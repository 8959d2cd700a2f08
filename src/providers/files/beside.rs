//! Files in a zip that belong to a row of a table beside them: they add the points of an activity that the row
//! already tells, and are no activity of their own.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::archive::{self, Member, base_name};
use super::failure::Failure;
use super::format::{APPLE_HEALTH, Layout};
use super::table::{self, Column};

/// The columns of a table of activities: its id and the file beside it.
const COLUMNS: [(&str, Column<'static>); 2] = [
    ("strava_activities_csv", Column { of: "Filename", by: "Activity ID" }),
    ("strava_legacy_csv", Column { of: "filename", by: "id" }),
];

/// The members that are read on their own: not those which a table beside them names.
pub(super) fn own(path: &Path, members: Vec<Member>) -> Result<Vec<Member>, Failure> {
    let named = named(path, &members)?;
    let named: HashSet<&str> = named.values().map(String::as_str).collect();
    // Apple Health puts the way of each workout beside the document that tells them all.
    let routes = members.iter().any(|member| member.format.name == APPLE_HEALTH);
    let is_beside = |member: &Member| {
        matches!(member.format.layout, Layout::Track { .. }) && (routes || named.contains(base_name(&member.path)))
    };
    Ok(members.into_iter().filter(|member| !is_beside(member)).collect())
}

/// The names of files, without their folders, by the id of the activity they belong to.
pub(super) fn named(path: &Path, members: &[Member]) -> Result<HashMap<String, String>, Failure> {
    let mut named = HashMap::new();
    for (format, column) in COLUMNS {
        for member in members.iter().filter(|member| member.format.name == format) {
            archive::with_member(path, member.index, &mut |_| {}, |content| {
                table::column(content, column, &mut |id, file| {
                    named.insert(id.to_owned(), base_name(file).to_owned());
                })
            })?;
        }
    }
    Ok(named)
}
