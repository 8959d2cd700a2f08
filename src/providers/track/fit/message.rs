//! The messages of a FIT file, one after the other, with the sums that guard them.
//!
//! Own code, because the files come from outside: the library there is for this layout panics on damaged ones (a size
//! that is no multiple of its type, a sum that overflows) and asks the machine for its time zone. Five kinds of
//! message with whole numbers are all that is read. Source: Garmin, "Flexible and Interoperable Data Transfer (FIT)
//! Protocol".

use std::io::{BufReader, Read};

use crate::providers::files::{Content, Failure};

/// How a field's bytes are a whole number.
#[derive(Clone, Copy)]
struct Kind {
    bytes: u8,
    signed: bool,
    /// The value that stands for none, as the layout writes it.
    none: u64,
}

/// Base types by their number; text, fractions and raw bytes are passed over.
fn kind(base: u8) -> Option<Kind> {
    let (bytes, signed, none) = match base & 0x1f {
        0x00 | 0x02 => (1, false, 0xff),
        0x01 => (1, true, 0x7f),
        0x03 => (2, true, 0x7fff),
        0x04 => (2, false, 0xffff),
        0x05 => (4, true, 0x7fff_ffff),
        0x06 => (4, false, 0xffff_ffff),
        0x0a => (1, false, 0),
        0x0b => (2, false, 0),
        0x0c => (4, false, 0),
        _ => return None,
    };
    Some(Kind { bytes, signed, none })
}

#[derive(Clone, Copy)]
struct Field {
    number: u8,
    size: u8,
    kind: Option<Kind>,
}

/// How the messages of a local number are laid out.
struct Definition {
    message: u16,
    big_endian: bool,
    fields: Vec<Field>,
    /// The bytes of fields that an app defined.
    foreign: usize,
}

/// A message: its number in the profile and the fields that hold a whole number.
#[derive(Default)]
pub(super) struct Message {
    pub(super) number: u16,
    fields: Vec<(u8, i64)>,
}

impl Message {
    pub(super) fn field(&self, number: u8) -> Option<i64> {
        self.fields.iter().find(|(field, _)| *field == number).map(|(_, value)| *value)
    }
}

/// The field that every kind of message may bear: when it was.
pub(super) const TIMESTAMP: u8 = 253;

/// Reads messages to the end of the bytes.
pub(super) struct Messages<'a, 'b> {
    bytes: Bytes<'a, 'b>,
    definitions: [Option<Definition>; 16],
    /// What is left of the messages of the file at hand; several may follow one another.
    left: u64,
    /// Whether a file was begun whose sum is still to come.
    begun: bool,
    last_second: u32,
    message: Message,
}

struct Bytes<'a, 'b> {
    reader: BufReader<&'a mut Content<'b>>,
    at: u64,
    sum: u16,
}

impl<'a, 'b> Messages<'a, 'b> {
    pub(super) fn new(content: &'a mut Content<'b>) -> Self {
        Self {
            bytes: Bytes { reader: BufReader::with_capacity(64 * 1024, content), at: 0, sum: 0 },
            definitions: Default::default(),
            left: 0,
            begun: false,
            last_second: 0,
            message: Message::default(),
        }
    }

    /// The next message; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&Message>, Failure> {
        loop {
            if self.left == 0 {
                if self.begun {
                    self.check_sum()?;
                }
                if !self.begin()? {
                    return Ok(None);
                }
                continue;
            }
            let header = self.take::<1>()?[0];
            if header & 0x80 != 0 {
                let second = u32::from(header & 0x1f);
                let mut at = (self.last_second & !0x1f) | second;
                if second < self.last_second & 0x1f {
                    at = at.wrapping_add(0x20);
                }
                self.last_second = at;
                self.data((header >> 5) & 0x03)?;
                self.message.fields.push((TIMESTAMP, i64::from(at)));
                return Ok(Some(&self.message));
            }
            if header & 0x40 != 0 {
                self.define(header & 0x0f, header & 0x20 != 0)?;
                continue;
            }
            self.data(header & 0x0f)?;
            if let Some(second) = self.message.field(TIMESTAMP).and_then(|second| u32::try_from(second).ok()) {
                self.last_second = second;
            }
            return Ok(Some(&self.message));
        }
    }

    /// Reads a file's header; false at the end of the bytes.
    fn begin(&mut self) -> Result<bool, Failure> {
        self.bytes.sum = 0;
        let Some(size) = self.bytes.first()? else {
            return if self.begun { Ok(false) } else { Err(self.bytes.broken("is empty")) };
        };
        let header: [u8; 11] = self.bytes.take()?;
        if size < 12 || &header[7..11] != b".FIT" {
            return Err(self.bytes.broken("is no header of a FIT file; download it again"));
        }
        for _ in 12..size {
            self.bytes.take::<1>()?;
        }
        self.left = u64::from(u32::from_le_bytes([header[3], header[4], header[5], header[6]]));
        self.begun = true;
        self.definitions = Default::default();
        self.last_second = 0;
        Ok(true)
    }

    fn check_sum(&mut self) -> Result<(), Failure> {
        let reckoned = self.bytes.sum;
        let written = u16::from_le_bytes(self.bytes.take()?);
        if reckoned != written {
            return Err(self.bytes.broken("the checksum does not fit the data; download the file again"));
        }
        Ok(())
    }

    fn define(&mut self, local: u8, foreign_too: bool) -> Result<(), Failure> {
        let [_, big_endian, first, second, count] = self.take::<5>()?;
        let big_endian = big_endian != 0;
        let message =
            if big_endian { u16::from_be_bytes([first, second]) } else { u16::from_le_bytes([first, second]) };
        let mut fields = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let [number, size, base] = self.take::<3>()?;
            fields.push(Field { number, size, kind: kind(base).filter(|kind| kind.bytes == size) });
        }
        let mut foreign = 0;
        if foreign_too {
            for _ in 0..self.take::<1>()?[0] {
                foreign += usize::from(self.take::<3>()?[1]);
            }
        }
        if let Some(slot) = self.definitions.get_mut(usize::from(local)) {
            *slot = Some(Definition { message, big_endian, fields, foreign });
        }
        Ok(())
    }

    /// Reads a message's fields into the one that is kept.
    fn data(&mut self, local: u8) -> Result<(), Failure> {
        self.message.fields.clear();
        let Some(Some(definition)) = self.definitions.get(usize::from(local)) else {
            return Err(self.bytes.broken("a message of no known layout; download the file again"));
        };
        self.message.number = definition.message;
        let mut buffer = [0; 255];
        for field in &definition.fields {
            let bytes = &mut buffer[..usize::from(field.size)];
            take_of(&mut self.left, &mut self.bytes, bytes)?;
            let Some(kind) = field.kind else {
                continue;
            };
            if !definition.big_endian {
                bytes.reverse();
            }
            let raw = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            if raw != kind.none {
                let width = u32::from(kind.bytes) * 8;
                let sign = if kind.signed { raw >> (width - 1) } else { 0 };
                let value = raw as i64 - ((sign as i64) << width);
                self.message.fields.push((field.number, value));
            }
        }
        for _ in 0..definition.foreign {
            take_of(&mut self.left, &mut self.bytes, &mut buffer[..1])?;
        }
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        take_of(&mut self.left, &mut self.bytes, &mut bytes)?;
        Ok(bytes)
    }
}

/// Reads bytes of messages, of which so many are left.
fn take_of(left: &mut u64, from: &mut Bytes<'_, '_>, bytes: &mut [u8]) -> Result<(), Failure> {
    *left = left
        .checked_sub(bytes.len() as u64)
        .ok_or_else(|| from.broken("a message is longer than its file; download it again"))?;
    from.fill(bytes)
}

impl Bytes<'_, '_> {
    fn broken(&self, reason: &str) -> Failure {
        Failure::broken(format!("byte {}", self.at), reason)
    }

    /// The first byte of what follows, if anything does.
    fn first(&mut self) -> Result<Option<u8>, Failure> {
        let mut byte = [0];
        let read =
            self.reader.read(&mut byte).map_err(|error| Failure::reading(format!("byte {}", self.at), &error))?;
        if read == 0 {
            return Ok(None);
        }
        self.count(&byte);
        Ok(Some(byte[0]))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        let place = self.at;
        self.reader.read_exact(bytes).map_err(|error| Failure::reading(format!("byte {place}"), &error))?;
        self.count(bytes);
        Ok(())
    }

    /// Adds bytes to the sum: a cyclic redundancy check of 16 bits, by halves of a byte as the protocol has it.
    fn count(&mut self, bytes: &[u8]) {
        const HALVES: [u16; 16] = [
            0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401, 0xa001, 0x6c00, 0x7800, 0xb401, 0x5000,
            0x9c01, 0x8801, 0x4400,
        ];
        self.at += bytes.len() as u64;
        for byte in bytes {
            for half in [byte & 0x0f, byte >> 4] {
                let low = HALVES[usize::from(self.sum & 0x0f)];
                self.sum = (self.sum >> 4) ^ low ^ HALVES[usize::from(half)];
            }
        }
    }
}
