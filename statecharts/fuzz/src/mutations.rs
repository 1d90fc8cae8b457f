//! Small harm done to a text: bytes changed, pieces left out, doubled or moved, numbers and names exchanged.

use crate::chance::Chance;

const PIECES: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "\"",
    "'",
    "&",
    "&lt;",
    "&#0;",
    "&#x110000;",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "<?xml?>",
    "\u{0}",
    "\u{feff}",
    "<state/>",
    "<transition/>",
    "<parallel>",
    "</state>",
    "<!DOCTYPE a>",
    "xmlns:x=''",
    " id='s1'",
    " initial='s1'",
    " target='s1 s2'",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "1e999",
    "-1",
    "99999999999999999999",
    "\u{1F375}",
    "\u{202e}",
    "function",
    "=>",
    "`",
    "${",
    "/*",
    "//",
    "\\",
    "\r\n",
    "\u{2028}",
    "<history/>",
    "<final/>",
    "<invoke src='a'/>",
    "<if cond='true'>",
    "<else/>",
    " delay='1e9d'",
    " event='*.*'",
    " src='a'",
];

/// The text with one to eight changes. It stays text: a platform refuses other bytes before they are read as a chart.
pub(crate) fn mutated(chance: &mut Chance, text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=chance.below(8) {
        mutate(chance, &mut bytes);
        if bytes.len() > 200_000 {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn mutate(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let at = chance.below(bytes.len() + 1);
    let end = (at + chance.below(60)).min(bytes.len());
    match chance.below(7) {
        0 => drop(bytes.drain(at..end)),
        1 => {
            let piece = bytes.get(at..end).unwrap_or_default().to_vec();
            let to = chance.below(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        2 => {
            let piece = chance.one_of(PIECES).as_bytes().to_vec();
            bytes.splice(at..at, piece);
        }
        3 => {
            let random = u8::try_from(chance.below(256)).unwrap_or_default();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random;
            }
        }
        4 => tag(chance, bytes, at),
        5 => {
            let piece = bytes.get(at..end).unwrap_or_default().repeat(1 + chance.below(40));
            bytes.splice(at..at, piece);
        }
        _ => bytes.truncate(if chance.percent(5) { at } else { bytes.len() }),
    }
}

/// Leaves out or doubles the tag that begins behind `at`.
fn tag(chance: &mut Chance, bytes: &mut Vec<u8>, at: usize) {
    let behind = bytes.get(at..).unwrap_or_default();
    let Some(start) = behind.iter().position(|byte| *byte == b'<').map(|start| at + start) else { return };
    let Some(end) = bytes.get(start..).and_then(|rest| rest.iter().position(|byte| *byte == b'>')) else {
        return;
    };
    let piece: Vec<u8> = bytes.get(start..=start + end).unwrap_or_default().to_vec();
    if chance.percent(50) {
        bytes.drain(start..=start + end);
    } else {
        let to = chance.below(bytes.len() + 1);
        bytes.splice(to..to, piece);
    }
}
