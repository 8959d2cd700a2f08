//! CSV: columns by name in any order, rows of bounded length, quotes that must close.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read};

use csv::{ByteRecord, StringRecord};
use serde_json::Value;

use crate::providers::draft::{OnRow, Reading, Taken};
use crate::providers::fields::{Fault, Fields};
use crate::providers::written::Written;

use super::content::Content;
use super::failure::{Failure, Stop};

/// The most that one row may hold. Garmin's cells with nested JSON reach some kilobytes.
pub(super) const ROW_BYTES: u64 = 4 * 1024 * 1024;
const BUFFER: usize = 64 * 1024;

/// A CSV layout.
#[derive(Debug)]
pub(in crate::providers) struct TableFormat {
    /// The layout is recognised when all columns of one of these are there.
    pub(in crate::providers) signatures: &'static [&'static [&'static str]],
    /// Columns without which no row can be read.
    pub(in crate::providers) required: &'static [&'static str],
    /// Reads a row.
    pub(in crate::providers) read: fn(&TableRow<'_>, &Reading, u32) -> Result<Taken, Fault>,
}

/// The header: columns by name and occurrence, since Strava repeats names.
#[derive(Debug)]
pub(super) struct Header {
    names: Vec<String>,
    places: HashMap<String, Vec<usize>>,
}

impl Header {
    /// Reads a header's cells; `None` where it is not text.
    pub(super) fn new(record: &ByteRecord) -> Option<Self> {
        let mut names = Vec::with_capacity(record.len());
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, cell) in record.iter().enumerate() {
            let name = std::str::from_utf8(cell).ok()?;
            let name = name.trim_start_matches('\u{feff}').trim().trim_matches('"');
            names.push(name.to_owned());
            places.entry(name.to_owned()).or_default().push(place);
        }
        Some(Self { names, places })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }
}

/// One row under its header.
#[derive(Clone, Copy)]
pub(in crate::providers) struct TableRow<'a> {
    header: &'a Header,
    record: &'a StringRecord,
}

impl<'a> TableRow<'a> {
    /// The text of a column; `occurrence` counts from 0 among columns of one name. An empty cell is missing.
    pub(in crate::providers) fn nth(&self, name: &str, occurrence: usize) -> Option<&'a str> {
        let place = *self.header.places.get(name)?.get(occurrence)?;
        self.record.get(place).map(str::trim).filter(|cell| !cell.is_empty())
    }

    /// The text of a column.
    pub(in crate::providers) fn cell(&self, name: &str) -> Option<&'a str> {
        self.nth(name, 0)
    }

    /// A number in a column.
    pub(in crate::providers) fn nth_number(&self, name: &str, occurrence: usize) -> Result<Option<Written>, Fault> {
        let Some(cell) = self.nth(name, occurrence) else {
            return Ok(None);
        };
        Written::parse(cell).map(Some).ok_or_else(|| Fault::unreadable(name, "a number"))
    }
}

impl Fields for TableRow<'_> {
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>, Fault> {
        Ok(self.cell(name).map(Cow::Borrowed))
    }

    fn number(&self, name: &str) -> Result<Option<Written>, Fault> {
        self.nth_number(name, 0)
    }

    fn json(&self, name: &str) -> Result<Option<Value>, Fault> {
        let Some(cell) = self.cell(name) else {
            return Ok(None);
        };
        crate::providers::garmin::nested(cell).map(Some).ok_or_else(|| Fault::unreadable(name, "a JSON value"))
    }
}

/// Follows quotation marks and the length of the row at hand while the CSV reader reads.
struct Watch<'a, 'b> {
    content: &'a mut Content<'b>,
    since_row: u64,
    quotes: Quotes,
    /// Text followed a closing quotation mark: it was not meant to close.
    torn: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    CellStart,
    Unquoted,
    Quoted,
    QuoteInQuoted,
}

impl Quotes {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::QuoteInQuoted,
            (Self::Quoted, _) | (Self::CellStart | Self::QuoteInQuoted, b'"') => Self::Quoted,
            (_, b',' | b'\n' | b'\r') => Self::CellStart,
            _ => Self::Unquoted,
        }
    }
}

impl Read for Watch<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.since_row += read as u64;
        if self.since_row > ROW_BYTES + BUFFER as u64 {
            return Err(Stop::error("the row is longer than 4 MB; a quotation mark seems to be left open"));
        }
        for &byte in buffer.get(..read).unwrap_or_default() {
            let after = self.quotes.after(byte);
            self.torn |= self.quotes == Quotes::QuoteInQuoted && after == Quotes::Unquoted && byte != b' ';
            self.quotes = after;
        }
        Ok(read)
    }
}

/// Reads the first record of some bytes as a header.
pub(super) fn header_of(bytes: &[u8]) -> Option<Header> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).ok()?.then_some(())?;
    Header::new(&record)
}

/// A column, and the one whose cell names its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column<'a> {
    pub(super) of: &'a str,
    pub(super) by: &'a str,
}

/// Hands out the cells of a column, each with the name of its row. Rows that cannot be read are passed over: whoever
/// reads the table says so.
pub(super) fn column(
    content: &mut Content<'_>,
    column: Column<'_>,
    on_cell: &mut dyn FnMut(&str, &str),
) -> Result<(), Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(BUFFER)
        .from_reader(Watch { content, since_row: 0, quotes: Quotes::CellStart, torn: false });
    let mut record = ByteRecord::new();
    let mut header = None;
    loop {
        reader.get_mut().since_row = 0;
        let more = reader.read_byte_record(&mut record).map_err(|error| match error.kind() {
            csv::ErrorKind::Io(error) => Failure::reading("the table", error),
            _ => Failure::broken("the table", "is not a table; save it as CSV again"),
        })?;
        if !more {
            return Ok(());
        }
        let Some(header) = &header else {
            header = Header::new(&record);
            continue;
        };
        let Ok(text) = StringRecord::from_byte_record(record.clone()) else {
            continue;
        };
        let row = TableRow { header, record: &text };
        if let (Some(name), Some(cell)) = (row.cell(column.by), row.cell(column.of)) {
            on_cell(name, cell);
        }
    }
}

/// Hands out the rows in order.
pub(super) fn walk(
    content: &mut Content<'_>,
    format: &TableFormat,
    reading: &Reading,
    on_row: &mut OnRow<'_>,
) -> Result<(), Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(BUFFER)
        .from_reader(Watch { content, since_row: 0, quotes: Quotes::CellStart, torn: false });
    let mut record = ByteRecord::new();
    let failing = |place: String, error: &csv::Error| match error.kind() {
        csv::ErrorKind::Io(error) => Failure::reading(place, error),
        _ => Failure::broken(place, "is not a table; save it as CSV again"),
    };
    reader.read_byte_record(&mut record).map_err(|error| failing("the header".to_owned(), &error))?;
    let header = Header::new(&record)
        .ok_or_else(|| Failure::broken("the header", "is not UTF-8 text; save the file as UTF-8"))?;
    if let Some(missing) = format.required.iter().find(|name| !header.has(name)) {
        return Err(Failure::broken("the header", format!("the column {missing:?} is missing; export the file again")));
    }
    let mut row: u32 = 0;
    loop {
        reader.get_mut().since_row = 0;
        let place = format!("row {}", u64::from(row) + 1);
        let more = reader.read_byte_record(&mut record).map_err(|error| failing(place.clone(), &error))?;
        let at_end = reader.is_done() || !more;
        let watch = reader.get_ref();
        if watch.torn || (at_end && watch.quotes == Quotes::Quoted) {
            return Err(open_quote(format!("{place} or a later one")));
        }
        if !more {
            return Ok(());
        }
        row =
            row.checked_add(1).ok_or_else(|| Failure::broken(place.clone(), "holds more rows than can be counted"))?;
        let outcome = read_row(&header, &mut record, format, reading, row);
        if outcome.as_ref().is_err_and(|fault| fault.breaks_file) {
            return Err(open_quote(place));
        }
        if on_row(row, outcome).is_break() {
            return Ok(());
        }
    }
}

fn read_row(
    header: &Header,
    record: &mut ByteRecord,
    format: &TableFormat,
    reading: &Reading,
    row: u32,
) -> Result<Taken, Fault> {
    let width = header.names.len();
    if record.iter().skip(width).all(<[u8]>::is_empty) {
        record.truncate(width);
    }
    if record.len() != width {
        let name = header.names.get(record.len()).or(header.names.last());
        let mut fault = Fault::new(
            name.map_or("row", String::as_str),
            format!("the row has {} cells, the header has {width}", record.len()),
        );
        fault.breaks_file = record.iter().any(spans_lines);
        return Err(fault);
    }
    let text = StringRecord::from_byte_record(std::mem::take(record)).map_err(|error| {
        let name = header.names.get(error.utf8_error().field());
        Fault::new(name.map_or("row", String::as_str), "is not UTF-8 text; save the file as UTF-8")
    })?;
    let outcome = (format.read)(&TableRow { header, record: &text }, reading, row).map_err(|mut fault| {
        let cell = header.places.get(&fault.field).and_then(|p| text.get(*p.first()?));
        fault.breaks_file |= cell.is_some_and(|cell| spans_lines(cell.as_bytes()));
        fault
    });
    *record = text.into_byte_record();
    outcome
}

fn spans_lines(cell: &[u8]) -> bool {
    cell.contains(&b'\n') || cell.contains(&b'\r')
}

fn open_quote(place: String) -> Failure {
    Failure::broken(place, "a quotation mark is left open and swallows what follows; export the file again")
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::engine::ports::export::ExportError;
    use crate::providers::files::probe::probe;

    const HEADER: &str = "id,date,name,type,elapsed_time,distance\n";
    const ROW: &str = "9,2014-09-12 16:54:28,A,Ride,60,5.5\n";

    #[test]
    fn a_row_of_another_length_is_refused_alone() {
        let read = probe(format!("{HEADER}9,2014-09-12 16:54:28\n{ROW}1,2,3,4,5,6,7\n1,2,3,4,5,6,,\n{ROW}"));
        let read = read.expect("read");
        assert_eq!(read.rejection(0).field, "name");
        assert!(read.rejection(0).reason.contains("2 cells"));
        assert_eq!(read.of(1, Metric::ActivityDistance).value, 5.5);
        assert!(read.rejection(2).reason.contains("7 cells"));
        assert_eq!(read.rejection(3).field, "date", "empty cells at the end are harmless");
        assert_eq!(read.observations(4).len(), 2);
    }

    #[test]
    fn an_open_quote_breaks_the_whole_file() {
        let quoted = ROW.replace(",A,", ",\"A,");
        for text in [
            format!("{HEADER}{ROW}{quoted}{ROW}"),
            format!("{HEADER}{ROW}{quoted}{ROW}").trim_end().to_owned(),
            format!("{HEADER}{quoted}{ROW}{quoted}{ROW}"),
            format!("{HEADER}{ROW}\""),
        ] {
            let error = probe(&text).expect_err("broken");
            assert!(matches!(error, ExportError::Broken { .. }), "{text}");
            assert!(error.to_string().contains("quotation mark"), "{error}");
        }
        let closed = ROW.replace(",A,", ",\"A \"\"b\"\",\nc\",");
        assert!(probe(format!("{HEADER}{closed}")).is_ok());
    }

    #[test]
    fn a_row_without_end_breaks_the_file_before_it_fills_the_memory() {
        let text = format!("{HEADER}9,2014-09-12 16:54:28,\"{}", "x".repeat(6_000_000));
        let error = probe(text).expect_err("broken");
        assert!(error.to_string().contains("longer than 4 MB"), "{error}");
    }

    #[test]
    fn bytes_that_are_not_text_reject_their_row_alone() {
        let mut bytes = format!("{HEADER}{ROW}").into_bytes();
        bytes.extend_from_slice(b"9,2014-09-12 16:54:28,caf\xe9,Ride,60,5.5\n");
        bytes.extend_from_slice(ROW.as_bytes());
        let read = probe(bytes).expect("read");
        assert_eq!(read.rejection(1).field, "name");
        assert_eq!(read.observations(2).len(), 2);
    }
}
