//! JSON documents: the records of a list, or a single one, each bounded and read alone.
//!
//! The document is split by brackets without being parsed as a whole, so its size does not matter. A record that
//! is not JSON breaks the file; one that holds NaN or a number beyond all bounds is refused alone.

use std::io::{BufRead, BufReader, Chain, Cursor, Read};

use serde_json::Value;

use crate::domain::activity::Streams;
use crate::domain::observation::Activity;
use crate::providers::draft::{OnRow, Reading, Taken};
use crate::providers::fields::{Fault, Object};

use super::content::Content;
use super::failure::Failure;
use super::shape::Shape;

/// The most that one record may hold; a day of Garmin's readings is about 50 KB.
const ENTRY_BYTES: usize = 4 * 1024 * 1024;

/// A JSON layout.
#[derive(Debug)]
pub(in crate::providers) struct DocumentFormat {
    /// The names of lists in the root object whose objects are the rows. With none of them there, the root is the row.
    pub(in crate::providers) lists: &'static [&'static str],
    /// Makes the reader of a document.
    pub(in crate::providers) reader: fn() -> Box<dyn DocumentReader>,
}

/// Reads the records of one document in their order.
pub(in crate::providers) trait DocumentReader {
    /// Reads a record that stood in a named list, in a root list, or alone; `None` where it is part of a row that
    /// is told at the end.
    fn read(
        &mut self,
        list: Option<&str>,
        record: Object<'_>,
        reading: &Reading,
        row: u32,
    ) -> Result<Option<Taken>, Fault>;

    /// The rows that are put together out of several records, each with the number of its first.
    fn finish(&mut self, _reading: &Reading) -> Rows {
        Vec::new()
    }

    /// The samples of an activity, where this record has them.
    fn streams(&mut self, _record: Object<'_>, _of: &Activity) -> Option<Streams> {
        None
    }
}

/// Rows with their numbers.
pub(in crate::providers) type Rows = Vec<(u32, Result<Taken, Fault>)>;

/// Takes a list's name and an entry of it; false when it had enough.
type OnEntry<'a> = dyn FnMut(&str, &[u8]) -> Result<bool, Failure> + 'a;

/// Takes a record with the name of its list, or why it is none; false when it had enough.
type OnRecord<'a> = dyn FnMut(Option<&str>, u32, Result<Object<'_>, Fault>) -> bool + 'a;

/// Hands out what each record says, in order.
pub(super) fn walk(
    content: &mut Content<'_>,
    format: &DocumentFormat,
    reading: &Reading,
    on_row: &mut OnRow<'_>,
) -> Result<(), Failure> {
    let mut reader = (format.reader)();
    let whole = records(content, format, &mut |list, row, record| {
        let outcome = record.and_then(|record| reader.read(list, record, reading, row));
        outcome.transpose().is_none_or(|outcome| on_row(row, outcome).is_continue())
    })?;
    if whole {
        for (row, outcome) in reader.finish(reading) {
            if on_row(row, outcome).is_break() {
                break;
            }
        }
    }
    Ok(())
}

/// The samples of an activity, from the first record that has them.
pub(super) fn streams(
    content: &mut Content<'_>,
    format: &DocumentFormat,
    of: &Activity,
) -> Result<Option<Streams>, Failure> {
    let (mut reader, mut found) = ((format.reader)(), None);
    records(content, format, &mut |_, _, record| {
        found = record.ok().and_then(|record| reader.streams(record, of));
        found.is_none()
    })?;
    Ok(found)
}

/// Hands out the records in order; false when the visitor had enough.
fn records(content: &mut Content<'_>, format: &DocumentFormat, on_record: &mut OnRecord<'_>) -> Result<bool, Failure> {
    let mut row: u32 = 0;
    let mut give = |list: Option<&str>, bytes: &[u8]| -> Result<bool, Failure> {
        row = row.checked_add(1).ok_or_else(|| Failure::broken("the end", "holds more records than can be counted"))?;
        Ok(match parse(bytes) {
            Parsed::Record(Value::Object(object)) => on_record(list, row, Ok(Object(&object))),
            Parsed::Record(_) => on_record(list, row, Err(Fault::new("record", "is not a JSON object"))),
            Parsed::NotFinite => {
                let fault = Fault::new("record", "holds NaN, infinity or a number beyond all bounds");
                on_record(list, row, Err(fault))
            }
            Parsed::Broken => {
                return Err(Failure::broken(format!("record {row}"), "is not valid JSON; export the file again"));
            }
        })
    };
    let prefix = content.prefix()?;
    let shape = Shape::of(&prefix);
    let listed = format.lists.iter().any(|list| shape.has(list));
    let mut scanner = Scanner::new(prefix, content);
    match scanner.next_token()? {
        Some(b'[') => {
            if !scanner.list(|bytes| give(None, bytes))? {
                return Ok(false);
            }
        }
        Some(b'{') if listed => {
            if !scanner.object(format.lists, &mut |list, bytes| give(Some(list), bytes))? {
                return Ok(false);
            }
        }
        Some(first @ b'{') => {
            let bytes = scanner.value(first)?;
            if !give(None, bytes)? {
                return Ok(false);
            }
        }
        _ => return Err(scanner.broken("is neither a JSON object nor a list")),
    }
    match scanner.next_token()? {
        None => Ok(true),
        Some(_) => Err(scanner.broken("something follows the end of the document")),
    }
}

enum Parsed {
    Record(Value),
    NotFinite,
    Broken,
}

fn parse(bytes: &[u8]) -> Parsed {
    match serde_json::from_slice(bytes) {
        Ok(value) => Parsed::Record(value),
        Err(error) if error.to_string().starts_with("number out of range") => Parsed::NotFinite,
        Err(_) => {
            // Python writes bare NaN and Infinity: with those taken for null, is it JSON?
            let Ok(text) = std::str::from_utf8(bytes) else {
                return Parsed::Broken;
            };
            let plain = text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
            if plain != text && serde_json::from_str::<Value>(&plain).is_ok() {
                Parsed::NotFinite
            } else {
                Parsed::Broken
            }
        }
    }
}

struct Scanner<'a, 'b> {
    reader: BufReader<Chain<Cursor<Vec<u8>>, &'a mut Content<'b>>>,
    at: u64,
    entry: Vec<u8>,
    /// What is read is passed over and not held.
    passing: bool,
    /// The first byte after a scalar, which had to be read to see its end.
    ahead: Option<u8>,
}

impl<'a, 'b> Scanner<'a, 'b> {
    fn new(prefix: Vec<u8>, content: &'a mut Content<'b>) -> Self {
        Self {
            reader: BufReader::with_capacity(64 * 1024, Cursor::new(prefix).chain(content)),
            at: 0,
            entry: Vec::new(),
            passing: false,
            ahead: None,
        }
    }

    fn broken(&self, reason: &str) -> Failure {
        Failure::broken(format!("byte {}", self.at), reason)
    }

    fn byte(&mut self) -> Result<Option<u8>, Failure> {
        if let Some(byte) = self.ahead.take() {
            return Ok(Some(byte));
        }
        let at = self.at;
        let buffer = self.reader.fill_buf().map_err(|error| Failure::reading(format!("byte {at}"), &error))?;
        let byte = buffer.first().copied();
        if byte.is_some() {
            self.reader.consume(1);
            self.at += 1;
        }
        Ok(byte)
    }

    fn next_token(&mut self) -> Result<Option<u8>, Failure> {
        loop {
            match self.byte()? {
                // A byte order mark may stand at the very start.
                Some(b' ' | b'\t' | b'\n' | b'\r') => {}
                Some(0xef | 0xbb | 0xbf) if self.at <= 3 => {}
                other => return Ok(other),
            }
        }
    }

    fn some_token(&mut self) -> Result<u8, Failure> {
        self.next_token()?.ok_or_else(|| self.broken("the document ends too early; download it again"))
    }

    /// The objects of a list whose bracket was read; false when the visitor had enough.
    fn list(&mut self, mut visit: impl FnMut(&[u8]) -> Result<bool, Failure>) -> Result<bool, Failure> {
        let mut first = self.some_token()?;
        if first == b']' {
            return Ok(true);
        }
        loop {
            let bytes = self.value(first)?;
            if !visit(bytes)? {
                return Ok(false);
            }
            match self.some_token()? {
                b',' => first = self.some_token()?,
                b']' => return Ok(true),
                _ => return Err(self.broken("a comma or the end of the list should stand here")),
            }
        }
    }

    /// The objects of the named lists of an object whose bracket was read.
    fn object(&mut self, lists: &[&str], visit: &mut OnEntry<'_>) -> Result<bool, Failure> {
        let mut token = self.some_token()?;
        if token == b'}' {
            return Ok(true);
        }
        loop {
            if token != b'"' {
                return Err(self.broken("a name in quotation marks should stand here"));
            }
            let name = self.value(token)?;
            let list = lists.iter().find(|list| name.get(1..name.len() - 1) == Some(list.as_bytes()));
            if self.some_token()? != b':' {
                return Err(self.broken("a colon should stand here"));
            }
            let first = self.some_token()?;
            match list {
                Some(list) if first == b'[' => {
                    if !self.list(|bytes| visit(list, bytes))? {
                        return Ok(false);
                    }
                }
                _ => {
                    // A list that is not read may be of any length.
                    self.passing = true;
                    self.value(first)?;
                    self.passing = false;
                }
            }
            match self.some_token()? {
                b',' => token = self.some_token()?,
                b'}' => return Ok(true),
                _ => return Err(self.broken("a comma or the end of the object should stand here")),
            }
        }
    }

    /// The bytes of a value whose first byte was read.
    fn value(&mut self, first: u8) -> Result<&[u8], Failure> {
        self.entry.clear();
        self.entry.push(first);
        match first {
            b'{' | b'[' => self.nested()?,
            b'"' => self.string()?,
            _ => loop {
                match self.byte()? {
                    Some(byte @ (b',' | b'}' | b']')) => {
                        self.ahead = Some(byte);
                        break;
                    }
                    None | Some(b' ' | b'\t' | b'\n' | b'\r') => break,
                    Some(byte) => self.keep(byte)?,
                }
            },
        }
        Ok(&self.entry)
    }

    fn nested(&mut self) -> Result<(), Failure> {
        let mut depth: usize = 1;
        while depth > 0 {
            let byte = self.inner_byte()?;
            self.keep(byte)?;
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b'"' => self.string()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Failure> {
        loop {
            let byte = self.inner_byte()?;
            self.keep(byte)?;
            match byte {
                b'"' => return Ok(()),
                b'\\' => {
                    let escaped = self.inner_byte()?;
                    self.keep(escaped)?;
                }
                _ => {}
            }
        }
    }

    fn inner_byte(&mut self) -> Result<u8, Failure> {
        self.byte()?.ok_or_else(|| self.broken("the document ends too early; download it again"))
    }

    fn keep(&mut self, byte: u8) -> Result<(), Failure> {
        if self.passing {
            return Ok(());
        }
        if self.entry.len() >= ENTRY_BYTES {
            return Err(self.broken("a record is longer than 4 MB"));
        }
        self.entry.push(byte);
        Ok(())
    }
}
