//! A frame's sentence, taken apart.

use super::slot::Slot;

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Said as it stands.
    Text(String),
    /// Filled from a claim.
    Slot(Slot),
    /// Said only when each of its slots has something to show.
    Optional(Vec<Self>),
}

/// A sentence that cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableFrame {
    /// A brace or bracket is opened and not closed, or closed and not opened.
    #[error("a brace or bracket has no counterpart")]
    Unbalanced,
    /// A name in braces is no slot.
    #[error("a slot has a name that no slot bears")]
    UnknownSlot,
}

/// Takes a sentence apart.
///
/// # Errors
/// When braces or brackets do not match, or a slot has no valid name.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, UnreadableFrame> {
    let (parts, rest) = pieces(text, false)?;
    if rest.is_empty() { Ok(parts) } else { Err(UnreadableFrame::Unbalanced) }
}

/// The pieces up to the end, or up to the bracket that closes an optional part, and what comes after.
fn pieces(mut rest: &str, inside: bool) -> Result<(Vec<Part>, &str), UnreadableFrame> {
    let mut parts = Vec::new();
    loop {
        let at = rest.find(['{', '}', '[', ']']).unwrap_or(rest.len());
        let (text, next) = rest.split_at(at);
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        let Some(mark) = next.chars().next() else {
            return if inside { Err(UnreadableFrame::Unbalanced) } else { Ok((parts, "")) };
        };
        rest = &next[1..];
        match mark {
            '{' => {
                let (name, after) = rest.split_once('}').ok_or(UnreadableFrame::Unbalanced)?;
                parts.push(Part::Slot(name.parse().map_err(|_| UnreadableFrame::UnknownSlot)?));
                rest = after;
            }
            '[' if !inside => {
                let (optional, after) = pieces(rest, true)?;
                parts.push(Part::Optional(optional));
                rest = after;
            }
            ']' if inside => return Ok((parts, rest)),
            _ => return Err(UnreadableFrame::Unbalanced),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::frame::What;

    #[test]
    fn a_sentence_is_taken_apart_and_a_torn_one_is_refused() {
        let slot = |what| Part::Slot(Slot { second: false, what });
        let optional = Part::Optional(vec![Part::Text(" after ".into()), slot(What::Number("delta".into()))]);
        let parts = parse("Your {metric} is[ after {delta}].").unwrap();
        let whole = [
            Part::Text("Your ".into()),
            slot(What::Metric),
            Part::Text(" is".into()),
            optional,
            Part::Text(".".into()),
        ];
        assert_eq!(parts, whole);
        assert_eq!(parse("{second.metric}").unwrap(), [Part::Slot(Slot { second: true, what: What::Metric })]);
        for torn in ["{metric", "metric}", "[a", "a]", "[a[b]]", "{a{b}}"] {
            assert!(parse(torn).is_err(), "{torn}");
        }
        assert_eq!(parse("{Not this}"), Err(UnreadableFrame::UnknownSlot));
    }
}
