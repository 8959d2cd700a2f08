//! XML, event by event: elements of bounded size and depth, and no entity is ever unfolded.

use std::borrow::Cow;
use std::io::{self, BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::Event;
use quick_xml::events::attributes::Attributes;

use super::content::Content;
use super::failure::{Failure, Stop};

/// The most that one tag, text or declaration may hold. The declaration of Apple's export is about 10 KB.
const EVENT_BYTES: u64 = 1024 * 1024;
const BUFFER: usize = 64 * 1024;
/// Elements inside one another; no format here goes beyond ten.
const DEPTH: usize = 64;

/// An element's name and attributes.
#[derive(Clone, Copy, Debug)]
pub(in crate::providers) struct Element<'a> {
    /// What stands between the brackets.
    tag: &'a str,
    /// Where the name ends in it.
    name: usize,
}

impl<'a> Element<'a> {
    /// The name without its prefix.
    pub(in crate::providers) fn name(self) -> &'a str {
        let name = self.tag.get(..self.name).unwrap_or_default();
        name.rsplit(':').next().unwrap_or(name)
    }

    /// An attribute as it is written: what stands for another character is left as it is.
    pub(in crate::providers) fn attribute(self, name: &str) -> Option<Cow<'a, str>> {
        let mut attributes = Attributes::new(self.tag, self.name);
        let found = attributes.with_checks(false).find_map(|attribute| {
            let attribute = attribute.ok()?;
            (AsRef::<str>::as_ref(&attribute.key) == name).then_some(attribute.value)
        })?;
        let found = match found {
            Cow::Borrowed(value) => Cow::Borrowed(value.trim()),
            Cow::Owned(value) => Cow::Owned(value.trim().to_owned()),
        };
        Some(found).filter(|value| !value.is_empty())
    }
}

/// What comes next in a document.
#[derive(Debug)]
pub(in crate::providers) enum Node<'a> {
    /// An element begins. One without content begins and ends.
    Open(Element<'a>),
    /// Text between tags, never empty.
    Text(String),
    /// The element that was open ends.
    Close,
    /// The document ends.
    End,
}

/// A document that is read to its end once.
pub(in crate::providers) struct Xml<'a, 'b> {
    reader: Reader<BufReader<Watch<'a, 'b>>>,
    buffer: Vec<u8>,
    tag: String,
    depth: usize,
}

/// Counts what is read for the event at hand.
struct Watch<'a, 'b> {
    content: &'a mut Content<'b>,
    since_event: u64,
}

impl Read for Watch<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.since_event += read as u64;
        if self.since_event > EVENT_BYTES + BUFFER as u64 {
            return Err(Stop::error("a tag or text is longer than 1 MB; export the file again"));
        }
        Ok(read)
    }
}

impl<'a, 'b> Xml<'a, 'b> {
    pub(in crate::providers) fn new(content: &'a mut Content<'b>) -> Self {
        let watch = Watch { content, since_event: 0 };
        let mut reader = Reader::from_reader(BufReader::with_capacity(BUFFER, watch));
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), tag: String::new(), depth: 0 }
    }

    /// The next tag or text; declarations, comments and references to entities are passed over.
    pub(in crate::providers) fn next(&mut self) -> Result<Node<'_>, Failure> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().get_mut().since_event = 0;
            match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(element)) => {
                    self.tag.clear();
                    self.tag.push_str(element.name().as_ref());
                    let name = self.tag.len();
                    self.tag.push_str(element.attributes_raw());
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err(self.broken("elements lie more than 64 deep; no export does this"));
                    }
                    return Ok(Node::Open(Element { tag: &self.tag, name }));
                }
                Ok(Event::End(_)) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Node::Close);
                }
                Ok(Event::Text(text)) => {
                    let text = text.trim();
                    if !text.is_empty() {
                        return Ok(Node::Text(text.to_owned()));
                    }
                }
                Ok(Event::Eof) if self.depth == 0 => return Ok(Node::End),
                Ok(Event::Eof) => return Err(self.broken("the document ends too early; download it again")),
                Ok(
                    Event::Empty(_)
                    | Event::CData(_)
                    | Event::Comment(_)
                    | Event::Decl(_)
                    | Event::PI(_)
                    | Event::DocType(_)
                    | Event::GeneralRef(_),
                ) => {}
                Err(quick_xml::Error::Io(error)) => {
                    return Err(Failure::reading(format!("byte {}", self.reader.buffer_position()), &error));
                }
                Err(_) => return Err(self.broken("is not well-formed XML; export the file again")),
            }
        }
    }

    fn broken(&self, reason: &str) -> Failure {
        Failure::broken(format!("byte {}", self.reader.buffer_position()), reason)
    }
}

/// The name of the first element of some bytes.
pub(super) fn root(prefix: &[u8]) -> Option<String> {
    let mut reader = Reader::from_reader(prefix);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(element) | Event::Empty(element) => {
                return Some(AsRef::<str>::as_ref(&element.local_name()).to_owned());
            }
            Event::Eof | Event::End(_) => return None,
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::providers::files::probe::probe;

    fn refused(text: &str) -> String {
        probe(text).expect_err("refused").to_string()
    }

    #[test]
    fn entities_are_never_unfolded() {
        let declared = "<?xml version=\"1.0\"?><!DOCTYPE gpx [<!ENTITY a \"run\"><!ENTITY b \"&a;&a;&a;\">]>";
        let read = probe(format!(
            "{declared}<gpx><trk><type>&b;</type><trkseg><trkpt lat=\"1\" lon=\"&b;\">\
             <time>2024-03-25T06:00:00Z</time></trkpt></trkseg></trk></gpx>"
        ))
        .expect("read");
        assert_eq!(read.activity(0).sport, "activity");
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("<gpx>{}", "<a>".repeat(100_000));
        assert!(refused(&deep).contains("64 deep"));
        for long in [
            format!("<gpx><trk a=\"{}\"></trk></gpx>", "x".repeat(3_000_000)),
            format!("<gpx><trk>{}</trk></gpx>", "x".repeat(3_000_000)),
            format!("<gpx><!--{}--></gpx>", "x".repeat(3_000_000)),
        ] {
            let said = refused(&long);
            assert!(said.contains("longer than 1 MB"), "{said}");
        }
    }

    #[test]
    fn a_cut_or_torn_document_is_broken() {
        assert!(refused("<gpx><trk>").contains("too early"));
        assert!(refused("<gpx><trk></gpx>").contains("well-formed"));
    }
}
