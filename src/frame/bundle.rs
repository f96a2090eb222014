//! Bundles: small messages of one group that share a frame. Each entry is a big-endian u16 length, then the message.

use std::ops::Range;

/// Bytes of an entry before its message.
pub const ENTRY: usize = 2;

/// Appends a message of at most 65535 bytes to `entries`. A longer one does not fit an entry, and nothing happens.
pub fn push(entries: &mut Vec<u8>, message: &[u8]) {
    if let Ok(length) = u16::try_from(message.len()) {
        entries.reserve(ENTRY + message.len());
        entries.extend_from_slice(&length.to_be_bytes());
        entries.extend_from_slice(message);
    }
}

/// Where the messages are in `entries`, in their order. An entry that is cut short ends it; what a
/// [`Decoder`](super::Decoder) accepted has none.
pub fn messages(entries: &[u8]) -> impl Iterator<Item = Range<usize>> + use<'_> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (range, next) = entry(entries, at)?;
        at = next;
        Some(range)
    })
}

/// Whether `entries` has at least one entry, and no entry is cut short.
pub(super) fn well_formed(entries: &[u8]) -> bool {
    let mut at = 0;
    while let Some((_, next)) = entry(entries, at) {
        at = next;
    }
    at == entries.len() && at > 0
}

/// The message of the entry at `at`, and where the next entry is.
fn entry(entries: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let length = u16::from_be_bytes(*entries.get(at..)?.first_chunk()?);
    let start = at + ENTRY;
    let end = start + usize::from(length);
    (end <= entries.len()).then_some((start..end, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_in_their_order() {
        let longest = vec![7; 65535];
        let sent: [&[u8]; 4] = [b"one", b"", &longest, b"four"];
        let mut entries = Vec::new();
        sent.iter().for_each(|message| push(&mut entries, message));
        assert!(well_formed(&entries));
        let got: Vec<&[u8]> = messages(&entries).map(|range| &entries[range]).collect();
        assert_eq!(got, sent);
    }

    #[test]
    fn a_message_too_long_for_an_entry_is_no_entry() {
        let mut entries = Vec::new();
        push(&mut entries, &[0; 65536]);
        assert!(entries.is_empty());
    }

    #[test]
    fn nothing_and_cut_entries_are_malformed() {
        let mut entries = Vec::new();
        assert!(!well_formed(&entries));
        push(&mut entries, b"one");
        push(&mut entries, b"two");
        for end in 1..entries.len() {
            assert_eq!(well_formed(&entries[..end]), end == 5, "{end}");
        }
        entries.push(0);
        assert!(!well_formed(&entries));
        assert_eq!(messages(&entries).count(), 2);
    }
}
