//! The shape of a JSON document, told from its first bytes.

use std::collections::BTreeSet;

/// What is told of a document whose end may not have been seen.
#[derive(Debug, Default)]
pub(in crate::providers) struct Shape {
    /// Paths of keys down to the third level, as in `dailies[].steps`; of a list, its first object.
    paths: BTreeSet<String>,
    /// The root is a list.
    pub(in crate::providers) list: bool,
    /// The file's name, of a member of a zip with its folders: asked only where several layouts look alike.
    pub(in crate::providers) file: String,
}

struct Frame {
    array: bool,
    path: String,
    index: usize,
    recorded: bool,
}

const DEPTH: usize = 3;

impl Shape {
    /// Reads as far as the bytes go. What is not JSON gives no paths.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut shape = Self::default();
        let mut stack: Vec<Frame> = Vec::new();
        let mut pending = String::new();
        let mut expect_key = false;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'{' | b'[' => {
                    let array = byte == b'[';
                    shape.list |= array && stack.is_empty();
                    stack.push(frame(stack.last(), &pending, array));
                    pending.clear();
                    expect_key = !array;
                }
                b'}' | b']' => {
                    stack.pop();
                    pending.clear();
                    if stack.is_empty() {
                        break;
                    }
                }
                b',' => match stack.last_mut() {
                    Some(frame) if frame.array => frame.index += 1,
                    _ => expect_key = true,
                },
                b'"' => {
                    let Some(end) = string_end(bytes, at) else {
                        break;
                    };
                    if expect_key {
                        pending = String::from_utf8_lossy(&bytes[at..end]).into_owned();
                        expect_key = false;
                        if let Some(frame) = stack.last().filter(|frame| frame.recorded)
                            && stack.len() <= DEPTH
                        {
                            shape.paths.insert(join(&frame.path, &pending));
                        }
                    }
                    at = end + 1;
                }
                _ => {}
            }
        }
        shape
    }

    /// Whether the root object, or the first object of a root list, has all paths of one group.
    pub(super) fn record_has_any(&self, groups: &[&[&str]]) -> bool {
        groups.iter().any(|marks| marks.iter().all(|mark| self.record_has(mark)))
    }

    pub(in crate::providers) fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Whether the root object, or the first object of a root list, has a path.
    pub(super) fn record_has(&self, path: &str) -> bool {
        if self.list { self.has(&format!("[].{path}")) } else { self.has(path) }
    }
}

fn frame(parent: Option<&Frame>, key: &str, array: bool) -> Frame {
    let base = parent.map_or("", |parent| parent.path.as_str());
    let mut path = if key.is_empty() { base.to_owned() } else { join(base, key) };
    if array {
        path.push_str("[]");
    }
    let recorded = parent.is_none_or(|p| p.recorded && (!p.array || p.index == 0)) && base.len() < 200;
    if !recorded {
        // Of what lies so deep nothing is told: thousands of brackets must not cost their square.
        path = String::new();
    }
    Frame { array, path, index: 0, recorded }
}

fn join(base: &str, key: &str) -> String {
    if base.is_empty() { key.to_owned() } else { format!("{base}.{key}") }
}

fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_without_end_cost_no_more_than_they_are() {
        let deep = "[".repeat(60_000) + "{\"a\":" + &"[{\"b\":".repeat(10_000);
        assert!(Shape::of(deep.as_bytes()).list);
    }

    #[test]
    fn keys_are_told_down_to_the_first_object_of_a_list() {
        let shape = Shape::of(br#"{"dailies":[{"steps":1,"a":{"b":2}},{"other":1}],"x":"y\"}"}"#);
        assert!(shape.has("dailies[].steps"));
        assert!(shape.has("x"));
        assert!(!shape.has("dailies[].other"));
        assert!(!shape.list);
        let list = Shape::of(br#"[{"calendarDate":"2024-01-01","values":{"total"#);
        assert!(list.list && list.record_has("values"));
    }
}
