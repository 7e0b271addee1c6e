//! The safetensors layout: eight bytes of header length, a JSON header, then the tensors' values back to back.
//!
//! The header's metadata carries a BLAKE3 checksum of the whole file, taken with the checksum's own 64 digits as zeros.
//! Any safetensors reader can open the file; only this crate checks the sum.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use diptych_domain::TensorInfo;
use serde_json::{Map, Value, json};

use super::meta::{CheckpointMeta, FORMAT, VERSION};

/// Bytes of the length in front of the header.
pub(super) const PREFIX: usize = 8;
/// No sane header is longer; a longer one is damage.
pub(super) const MAX_HEADER: u64 = 100_000_000;
/// Digits of the checksum.
pub(super) const DIGITS: usize = 64;
/// What stands before the digits; quotes inside JSON strings are escaped, so it occurs nowhere else.
const SUM_KEY: &[u8] = b"\"blake3\":\"";

/// One tensor's place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub info: TensorInfo,
    /// Bytes from the end of the header.
    pub bytes: Range<u64>,
}

/// The first part of a file: its metadata, its tensors in file order, and where the checksum stands.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub meta: CheckpointMeta,
    pub entries: Vec<Entry>,
    /// Where the digits start, from the start of the file.
    pub sum_at: usize,
    /// Length of prefix and header.
    pub head_len: usize,
}

/// Why a header cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    Damaged(String),
    Version(String),
}

impl From<String> for HeaderError {
    fn from(problem: String) -> Self {
        Self::Damaged(problem)
    }
}

pub(super) fn width(integer: bool) -> u64 {
    if integer { 8 } else { 4 }
}

/// The type and shape as messages show them, such as `f32 [64, 3, 4, 4]`.
pub(super) fn describe(info: &TensorInfo) -> String {
    format!("{} {:?}", if info.integer { "i64" } else { "f32" }, info.shape)
}

impl Layout {
    /// Lays the tensors out, the eight-byte ones first so that all are aligned, and returns the bytes of prefix and
    /// header with zeros for a checksum.
    pub fn new(meta: &CheckpointMeta, state: &[TensorInfo]) -> Result<(Self, Vec<u8>), serde_json::Error> {
        let mut entries = Vec::with_capacity(state.len());
        let mut at = 0;
        let integers = state.iter().filter(|t| t.integer);
        for info in integers.chain(state.iter().filter(|t| !t.integer)) {
            let end = at + info.numel() as u64 * width(info.integer);
            entries.push(Entry {
                info: info.clone(),
                bytes: at..end,
            });
            at = end;
        }
        let mut header = Map::new();
        let mut map = meta.to_map();
        map.insert("architecture".into(), architecture(&entries));
        map.insert("blake3".into(), "0".repeat(DIGITS));
        header.insert("__metadata__".into(), json!(map));
        for e in &entries {
            let dtype = if e.info.integer { "I64" } else { "F32" };
            let place =
                json!({"dtype": dtype, "shape": e.info.shape, "data_offsets": [e.bytes.start, e.bytes.end]});
            header.insert(e.info.name.clone(), place);
        }
        let mut text = serde_json::to_vec(&header)?;
        text.resize(text.len().next_multiple_of(8), b' ');
        let mut head = (text.len() as u64).to_le_bytes().to_vec();
        head.append(&mut text);
        let sum_at = find_sum(&head).expect("the header was just given a checksum");
        let layout = Self {
            meta: meta.clone(),
            entries,
            sum_at,
            head_len: head.len(),
        };
        Ok((layout, head))
    }

    /// Reads prefix and header back and checks that the tensors fill a file of `file_len` bytes without gap or overlap.
    pub fn parse(head: &[u8], file_len: u64) -> Result<Self, HeaderError> {
        let sum_at = find_sum(head).ok_or_else(|| "its header has no checksum".to_owned())?;
        let text = head.get(PREFIX..).ok_or_else(|| "it is too short".to_owned())?;
        let mut header: Map<String, Value> =
            serde_json::from_slice(text).map_err(|e| format!("its header is no JSON object: {e}"))?;
        let map: BTreeMap<String, String> = header
            .remove("__metadata__")
            .and_then(|v| serde_json::from_value(v).ok())
            .ok_or_else(|| "its header has no metadata".to_owned())?;
        if map.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(format!("its format is not `{FORMAT}`").into());
        }
        let version = map.get("version").map(String::as_str).unwrap_or_default();
        match version.parse::<u32>() {
            Ok(1..=VERSION) => {}
            _ => return Err(HeaderError::Version(version.to_owned())),
        }
        let mut entries = header
            .into_iter()
            .map(|(name, place)| entry(name, &place))
            .collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(|e| (e.bytes.start, e.bytes.end));
        let mut at = 0;
        for e in &entries {
            if e.bytes.start != at {
                return Err(format!(
                    "tensor `{}` does not start where the one before ends",
                    e.info.name
                )
                .into());
            }
            at = e.bytes.end;
        }
        let whole = (head.len() as u64).checked_add(at);
        if whole != Some(file_len) {
            return Err(format!(
                "it has {file_len} bytes, but its header promises {}",
                head.len() as u64 + at
            )
            .into());
        }
        Ok(Self {
            meta: CheckpointMeta::from_map(&map)?,
            entries,
            sum_at,
            head_len: head.len(),
        })
    }

    /// Bytes of the whole file.
    pub fn file_len(&self) -> u64 {
        self.head_len as u64 + self.entries.last().map_or(0, |e| e.bytes.end)
    }

    /// The first tensor that differs from a model's `state`: its name, what it is here, what it is there.
    pub fn difference(&self, state: &[TensorInfo]) -> Option<(String, String, String)> {
        let here: BTreeMap<&str, &TensorInfo> = self
            .entries
            .iter()
            .map(|e| (e.info.name.as_str(), &e.info))
            .collect();
        let missing = || "missing".to_owned();
        for want in state {
            match here.get(want.name.as_str()) {
                Some(found) if *found == want => {}
                other => {
                    let found = other.map_or_else(missing, |found| describe(found));
                    return Some((want.name.clone(), found, describe(want)));
                }
            }
        }
        let known: HashSet<&str> = state.iter().map(|t| t.name.as_str()).collect();
        let extra = self
            .entries
            .iter()
            .find(|e| !known.contains(e.info.name.as_str()))?;
        Some((extra.info.name.clone(), describe(&extra.info), missing()))
    }
}

/// BLAKE3 over all names, types and shapes: equal for checkpoints that fit the same model.
fn architecture(entries: &[Entry]) -> String {
    let mut hasher = blake3::Hasher::new();
    for e in entries {
        hasher.update(format!("{} {}\n", e.info.name, describe(&e.info)).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn find_sum(head: &[u8]) -> Option<usize> {
    let at = head.windows(SUM_KEY.len()).position(|w| w == SUM_KEY)? + SUM_KEY.len();
    (head.get(at + DIGITS) == Some(&b'"')).then_some(at)
}

fn entry(name: String, place: &Value) -> Result<Entry, String> {
    let bad = |what: &str| format!("tensor `{name}` has {what}");
    let integer = match place.get("dtype").and_then(Value::as_str) {
        Some("F32") => false,
        Some("I64") => true,
        other => return Err(bad(&format!("the type {other:?}, which is neither F32 nor I64"))),
    };
    let numbers =
        |key: &str| -> Option<Vec<u64>> { place.get(key)?.as_array()?.iter().map(Value::as_u64).collect() };
    let shape = numbers("shape").ok_or_else(|| bad("no shape"))?;
    let offsets = numbers("data_offsets").ok_or_else(|| bad("no offsets"))?;
    let &[start, end] = offsets.as_slice() else {
        return Err(bad("no pair of offsets"));
    };
    let len = shape
        .iter()
        .try_fold(width(integer), |len, extent| len.checked_mul(*extent));
    if end.checked_sub(start) != len || len.is_none() {
        return Err(bad("offsets that do not fit its shape"));
    }
    let shape = shape
        .into_iter()
        .map(usize::try_from)
        .collect::<Result<_, _>>()
        .map_err(|_| bad("a shape too large for this machine"))?;
    Ok(Entry {
        info: TensorInfo { name, shape, integer },
        bytes: start..end,
    })
}

#[cfg(test)]
mod tests {
    use super::super::meta::example;
    use super::*;

    fn info(name: &str, shape: &[usize], integer: bool) -> TensorInfo {
        TensorInfo {
            name: name.into(),
            shape: shape.to_vec(),
            integer,
        }
    }

    fn state() -> Vec<TensorInfo> {
        vec![
            info("G.w", &[3, 1], false),
            info("G.count", &[], true),
            info("optim.m", &[3], false),
        ]
    }

    #[test]
    fn a_header_parses_back() {
        let (layout, head) = Layout::new(&example(), &state()).unwrap();
        assert_eq!(head.len() % 8, 0);
        let back = Layout::parse(&head, layout.file_len()).unwrap();
        assert_eq!(back.entries, layout.entries);
        assert_eq!(back.meta, example());
        assert_eq!((back.sum_at, back.head_len), (layout.sum_at, layout.head_len));
        assert_eq!(layout.file_len(), head.len() as u64 + 8 + 12 + 12);
        assert_eq!(back.difference(&state()), None);
    }

    #[test]
    fn the_first_difference_is_named() {
        let (layout, _) = Layout::new(&example(), &state()).unwrap();
        let mut other = state();
        other[0].shape = vec![4, 1];
        assert_eq!(
            layout.difference(&other),
            Some(("G.w".into(), "f32 [3, 1]".into(), "f32 [4, 1]".into()))
        );
        let mut more = state();
        more.push(info("D.w", &[1], false));
        assert_eq!(
            layout.difference(&more),
            Some(("D.w".into(), "missing".into(), "f32 [1]".into()))
        );
        assert_eq!(
            layout.difference(&state()[..2]),
            Some(("optim.m".into(), "f32 [3]".into(), "missing".into()))
        );
    }

    #[test]
    fn lengths_and_gaps_are_checked() {
        let (layout, head) = Layout::new(&example(), &state()).unwrap();
        assert!(matches!(
            Layout::parse(&head, layout.file_len() - 1),
            Err(HeaderError::Damaged(_))
        ));
        let with = |from: &str, to: &str| {
            let at = head
                .windows(from.len())
                .position(|w| w == from.as_bytes())
                .unwrap();
            let mut head = head.clone();
            head[at..at + to.len()].copy_from_slice(to.as_bytes());
            Layout::parse(&head, layout.file_len()).unwrap_err()
        };
        assert_eq!(
            with("[8,20]", "[9,21]"),
            HeaderError::Damaged("tensor `G.w` does not start where the one before ends".into())
        );
        assert_eq!(
            with("\"version\":\"1\"", "\"version\":\"9\""),
            HeaderError::Version("9".into())
        );
    }

    #[test]
    fn overflowing_shapes_are_refused() {
        let place = json!({"dtype": "F32", "shape": [u64::MAX, 2], "data_offsets": [0, 8]});
        assert!(entry("w".into(), &place).is_err());
    }
}
