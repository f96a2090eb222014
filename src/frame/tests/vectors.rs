//! The vectors of docs/wire-format.md, both ways. `HAM_UPDATE_VECTORS=1` writes the frames into the document anew.

use super::*;

/// One vector, as the document has it.
struct Vector<'a> {
    text: &'a str,
    lines: Vec<(&'a str, String)>,
}

fn path() -> String {
    format!("{}/docs/wire-format.md", env!("CARGO_MANIFEST_DIR"))
}

fn vectors(document: &str) -> Vec<Vector<'_>> {
    let blocks = document.split("```vector\n").skip(1).filter_map(|rest| rest.split_once("```"));
    blocks.map(|(text, _)| Vector { text, lines: lines(text) }).collect()
}

fn lines(text: &str) -> Vec<(&str, String)> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("    "), lines.last_mut()) {
            (Some(more), Some((_, value))) => value.push_str(more),
            _ => {
                let (key, value) = line.split_once(' ').unwrap_or((line, ""));
                lines.push((key, value.into()));
            }
        }
    }
    lines
}

impl Vector<'_> {
    fn find(&self, key: &str) -> Option<&str> {
        self.lines.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    fn get(&self, key: &str) -> &str {
        self.find(key).unwrap_or_else(|| panic!("no {key} in\n{}", self.text))
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> T {
        self.get(key).parse().ok().unwrap_or_else(|| panic!("{key} is no number in\n{}", self.text))
    }

    fn tag(&self) -> Tag {
        Tag::of(self.get("name"))
    }

    fn key(&self) -> Option<GroupKey> {
        let (algorithm, secret) = self.find("seal")?.split_once(' ').expect("algorithm and key");
        Some(GroupKey::new(algorithm.parse().unwrap(), unhex(secret).try_into().unwrap()))
    }

    fn frames(&self) -> Vec<Vec<u8>> {
        self.lines.iter().filter(|(name, _)| *name == "frame").map(|(_, value)| unhex(value)).collect()
    }

    /// What the library makes.
    fn pack(&self) -> Vec<Vec<u8>> {
        let sender = unhex(self.get("sender")).try_into().unwrap();
        let flow = Flow::resume(
            self.tag(),
            self.key().as_ref(),
            self.number("fec"),
            sender,
            self.number("sequence"),
        );
        let mut packed = Packed::default();
        match self.find("message") {
            Some(message) => flow.pack(&unhex(message), self.number("limit"), &mut packed),
            None => flow.pack_bundle(&unhex(self.get("entries")), &mut packed),
        }
        packed.frames().map(<[u8]>::to_vec).collect()
    }

    fn expected(&self) -> Got {
        match self.find("message") {
            Some(message) => Got::Message(unhex(message)),
            None => {
                let entries = unhex(self.get("entries"));
                Got::Bundle(bundle::messages(&entries).map(|range| entries[range].to_vec()).collect())
            }
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len() % 2 == 0, "{text}");
    let byte = |i| u8::from_str_radix(&text[i..i + 2], 16).unwrap_or_else(|_| panic!("no hex: {text}"));
    (0..text.len()).step_by(2).map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_document_has_what_is_sent() {
    let mut document = std::fs::read_to_string(path()).unwrap();
    if std::env::var_os("HAM_UPDATE_VECTORS").is_some() {
        for vector in vectors(&document.clone()) {
            let (start, _) = vector.text.split_once("frame").expect("frames");
            let mut text = start.to_string();
            for frame in vector.pack() {
                let hex = hex(&frame);
                let lines: Vec<&str> =
                    hex.as_bytes().chunks(96).map(|line| std::str::from_utf8(line).unwrap()).collect();
                text.push_str(&format!("frame {}\n", lines.join("\n    ")));
            }
            document = document.replace(vector.text, &text);
        }
        std::fs::write(path(), &document).unwrap();
    }
    let vectors = vectors(&document);
    assert!(vectors.len() >= 10);
    for vector in vectors {
        assert_eq!(
            vector.pack().iter().map(|frame| hex(frame)).collect::<Vec<_>>(),
            vector.frames().iter().map(|frame| hex(frame)).collect::<Vec<_>>(),
            "{}",
            vector.text
        );
    }
}

#[test]
fn what_the_document_has_is_received() {
    let document = std::fs::read_to_string(path()).unwrap();
    for vector in vectors(&document) {
        let frames = vector.frames();
        let parity = frames[0].get(52..54).filter(|_| frames.len() > 1).map_or(0, |parity| parity[1].into());
        // Without loss, and without the first ones as far as parity allows.
        for lost in 0..=parity {
            let mut decoder = Decoder::new(vector.tag(), vector.key(), LIMIT);
            let got: Vec<Got> = frames[lost..]
                .iter()
                .map(|frame| accept(&mut decoder, frame))
                .filter(|got| *got != Got::Nothing)
                .collect();
            assert_eq!(got, [vector.expected()], "without {lost}:\n{}", vector.text);
            assert_eq!(decoder.counts(), FrameCounts::default());
        }
    }
}
