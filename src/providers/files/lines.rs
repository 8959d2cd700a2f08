//! One JSON object per line.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use crate::providers::draft::{OnRow, Reading, Taken};
use crate::providers::fields::{Fault, Object};

use super::content::Content;
use super::failure::Failure;
use super::table::ROW_BYTES;

/// Reads the object of a line.
pub(super) type ReadLine = fn(Object<'_>, &Reading, u32) -> Result<Taken, Fault>;

/// Hands out the lines in order; an empty line is not a row.
pub(super) fn walk(
    content: &mut Content<'_>,
    read: ReadLine,
    reading: &Reading,
    on_row: &mut OnRow<'_>,
) -> Result<(), Failure> {
    let mut reader = BufReader::with_capacity(64 * 1024, content);
    let mut line = Vec::new();
    let mut row: u32 = 0;
    loop {
        line.clear();
        let place = || format!("row {}", u64::from(row) + 1);
        Read::by_ref(&mut reader)
            .take(ROW_BYTES + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::reading(place(), &error))?;
        if line.is_empty() {
            return Ok(());
        }
        if line.len() as u64 > ROW_BYTES {
            return Err(Failure::broken(place(), "the line is longer than 4 MB; write one object a line"));
        }
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        if text.trim_ascii().is_empty() {
            continue;
        }
        row = row.checked_add(1).ok_or_else(|| Failure::broken("the end", "holds more rows than can be counted"))?;
        let outcome = match serde_json::from_slice::<Value>(text) {
            Ok(Value::Object(object)) => read(Object(&object), reading, row),
            Ok(_) => Err(Fault::new("line", "is not a JSON object")),
            Err(_) => Err(Fault::new("line", "is not valid JSON; NaN and numbers beyond 1e308 are not JSON either")),
        };
        if on_row(row, outcome).is_break() {
            return Ok(());
        }
    }
}
