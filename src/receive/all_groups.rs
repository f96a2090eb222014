//! All groups of a namespace, joined at once. Each has a decoder from its first good frame on; what all of them hold is
//! bounded, and the group that was not heard from for the longest time makes way.

use super::decoders::take;
use super::framed::refused;
use super::queue::Queue;
use crate::frame::{Accepted, Decoder, FrameCounts, Framing, REASSEMBLY_MIN, Recent, Tag};
use carrier::Frame;
use std::collections::HashMap;
use std::sync::Arc;
use sys::logging::Pace;

/// At most this many groups are told apart.
const GROUPS: usize = 4096;

/// At most this many bytes they have, and what unfinished messages of one group may take.
const MEMORY: usize = 16 << 20;

/// One group of so many gets this part of what it would get on its own for unfinished messages.
const PART: usize = 16;

/// All groups of a namespace.
pub(super) struct AllGroups {
    framing: Framing,
    /// Bytes of unfinished messages of each group, and bytes of all groups.
    reassembly: usize,
    limit: usize,
    slots: HashMap<Arc<str>, u32>,
    groups: Recent<Known>,
    /// Bytes, about.
    held: usize,
    /// Nothing comes in any more.
    pub closed: bool,
}

/// A group that was heard.
struct Known {
    name: Arc<str>,
    decoder: usize,
    held: usize,
}

impl AllGroups {
    pub fn new(framing: &Framing, reassembly_buffer: usize) -> AllGroups {
        AllGroups {
            framing: framing.clone(),
            reassembly: (reassembly_buffer / PART).max(REASSEMBLY_MIN),
            limit: MEMORY.saturating_add(reassembly_buffer),
            slots: HashMap::new(),
            groups: Recent::new(),
            held: 0,
            closed: false,
        }
    }

    /// New groups are opened with another key. Gives the decoders of those that there are.
    pub fn set_framing(&mut self, framing: &Framing) -> Vec<usize> {
        self.framing = framing.clone();
        self.slots.values().filter_map(|slot| self.groups.get(*slot)).map(|known| known.decoder).collect()
    }

    /// Takes a frame for the group of this name.
    pub fn accept(
        &mut self,
        queue: &mut Queue,
        name: &str,
        frame: &mut Frame<'_>,
    ) -> Option<(Arc<str>, Accepted)> {
        if self.closed {
            return None;
        }
        let Some(slot) = self.slots.get(name).copied() else { return self.accept_new(queue, name, frame) };
        self.groups.touch(slot);
        let known = self.groups.get_mut(slot)?;
        let decoder = queue.decoders.get_mut(known.decoder)?;
        let accepted = take(decoder, frame);
        if let Some(refusal) = decoder.take_refusal() {
            refused(name, &refusal);
        }
        let (before, now) = (known.held, decoder.memory());
        known.held = now;
        let name = known.name.clone();
        self.held = self.held - before + now;
        if now > before {
            self.make_room(queue);
        }
        Some((name, accepted))
    }

    /// Who sends what is no frame of the group, or not sealed as it has to be, adds nothing.
    fn accept_new(
        &mut self,
        queue: &mut Queue,
        name: &str,
        frame: &mut Frame<'_>,
    ) -> Option<(Arc<str>, Accepted)> {
        let key = self.framing.key.clone();
        let mut decoder = Decoder::new(Tag::of(name), key, self.reassembly);
        let accepted = take(&mut decoder, frame);
        if !decoder.knows_a_sender() {
            queue.counted += decoder.counts();
            let refusal = decoder.take_refusal().filter(|_| queue.counted.refused.is_power_of_two());
            if let Some(refusal) = refusal {
                refused(name, &refusal);
            }
            return None;
        }
        let (name, held): (Arc<str>, _) = (name.into(), decoder.memory());
        let known = Known { name: name.clone(), decoder: queue.decoders.add(decoder), held };
        self.slots.insert(name.clone(), self.groups.insert(known));
        self.held += held;
        self.make_room(queue);
        Some((name, accepted))
    }

    /// Forgets those not heard from for the longest time, but not the one heard last.
    fn make_room(&mut self, queue: &mut Queue) {
        while self.groups.len() > 1 && (self.groups.len() > GROUPS || self.held > self.limit) {
            let Some(gone) = self.groups.oldest().and_then(|slot| self.groups.remove(slot)) else { return };
            self.slots.remove(&gone.name);
            self.held -= gone.held;
            let FrameCounts { incomplete, .. } = queue.remove_decoder(gone.decoder);
            static PACE: Pace = Pace::new();
            if PACE.due() {
                log::warn!(
                    "{}: too many groups of its namespace come in: it makes way, with {incomplete} messages of which \
                     a part was there; join those that are wanted by name",
                    gone.name
                );
            }
        }
    }

    /// Who is joined by name too comes in there.
    pub fn forget(&mut self, queue: &mut Queue, name: &str) {
        let gone = self.slots.remove(name).and_then(|slot| self.groups.remove(slot));
        if let Some(gone) = gone {
            self.held -= gone.held;
            queue.remove_decoder(gone.decoder);
        }
    }

    /// Nothing comes in any more.
    pub fn close(&mut self, queue: &mut Queue) {
        self.closed = true;
        while let Some(gone) = self.groups.oldest().and_then(|slot| self.groups.remove(slot)) {
            queue.remove_decoder(gone.decoder);
        }
        self.slots.clear();
        self.held = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::seal::Algorithm;
    use crate::frame::{Flow, GroupKey, Packed};

    const BUFFER: usize = 4 << 20;

    fn framing(key: Option<u8>) -> Framing {
        let key = key.map(|byte| GroupKey::new(Algorithm::ChaCha20Poly1305, [byte; 32]));
        Framing { tag: Tag::of("ham:opaque:*"), key }
    }

    /// The frames of a message to the group, from a new sender.
    fn frames(name: &str, key: Option<u8>, message: &[u8]) -> Vec<Vec<u8>> {
        let flow = Flow::new(Tag::of(name), framing(key).key.as_ref(), 0, sys::random::bytes().unwrap());
        let mut packed = Packed::default();
        flow.pack(message, 1400, &mut packed);
        packed.frames().map(<[u8]>::to_vec).collect()
    }

    /// Whether the namespace gives a message for the frame.
    fn gives(all: &mut AllGroups, queue: &mut Queue, name: &str, frame: &[u8]) -> bool {
        let accepted = all.accept(queue, name, &mut Frame::Borrowed(frame));
        let held: usize = all.slots.values().map(|slot| all.groups.get(*slot).unwrap().held).sum();
        assert_eq!((all.held, all.slots.len()), (held, all.groups.len()));
        assert_eq!(all.slots.len(), queue.decoders.iter().count());
        assert!(all.held <= all.limit && all.slots.len() <= GROUPS);
        accepted.is_some_and(|(group, accepted)| *group == *name && accepted != Accepted::Nothing)
    }

    fn name(i: usize) -> String {
        format!("ham:opaque:{i}")
    }

    #[test]
    fn what_is_no_frame_of_the_group_adds_none() {
        let (mut all, mut queue) = (AllGroups::new(&framing(None), BUFFER), Queue::default());
        let of_another = frames("ham:opaque:another", None, b"x").remove(0);
        let sealed = frames("ham:opaque:sealed", Some(1), b"x").remove(0);
        for i in 0..GROUPS + 1 {
            assert!(!gives(&mut all, &mut queue, &name(i), b""));
            assert!(!gives(&mut all, &mut queue, &name(i), &of_another));
            assert!(!gives(&mut all, &mut queue, &name(i), &of_another[..43 - i % 40]));
        }
        assert!(!gives(&mut all, &mut queue, "ham:opaque:sealed", &sealed));
        assert_eq!(all.slots.len(), 0);
        assert!(queue.counts().refused > GROUPS as u64);
        assert!(gives(&mut all, &mut queue, "ham:opaque:another", &of_another));
        assert!(!gives(&mut all, &mut queue, "ham:opaque:another", &of_another), "it comes again");
    }

    #[test]
    fn with_a_key_only_what_opens_adds_one() {
        let (mut all, mut queue) = (AllGroups::new(&framing(Some(1)), BUFFER), Queue::default());
        for i in 0..100 {
            let key = (i % 2 == 0).then_some(2);
            assert!(!gives(&mut all, &mut queue, &name(i), &frames(&name(i), key, b"x")[0]));
        }
        assert_eq!((all.slots.len(), queue.counts().refused), (0, 100));
        assert!(gives(&mut all, &mut queue, "ham:opaque:a", &frames("ham:opaque:a", Some(1), b"x")[0]));
    }

    #[test]
    fn the_group_heard_longest_ago_makes_way() {
        let (mut all, mut queue) = (AllGroups::new(&framing(None), BUFFER), Queue::default());
        let unfinished = frames(&name(1), None, &[7; 3000]);
        for i in 0..GROUPS {
            let frame = if i == 1 { unfinished[0].clone() } else { frames(&name(i), None, b"x").remove(0) };
            let given = all.accept(&mut queue, &name(i), &mut Frame::Borrowed(&frame));
            assert_eq!(given.unwrap().1 == Accepted::Nothing, i == 1);
        }
        assert!(gives(&mut all, &mut queue, &name(0), &frames(&name(0), None, b"y")[0]));
        let new = frames("ham:opaque:new", None, b"x").remove(0);
        assert!(gives(&mut all, &mut queue, "ham:opaque:new", &new));
        assert!(all.slots.contains_key(&*name(0)) && !all.slots.contains_key(&*name(1)));
        let counts = queue.counts();
        assert_eq!((counts.lost, counts.incomplete), (1, 1));
        all.forget(&mut queue, &name(0));
        assert_eq!(queue.decoders.iter().count(), GROUPS - 1);
        all.close(&mut queue);
        assert_eq!(queue.decoders.iter().count(), 0);
        assert!(all.accept(&mut queue, "ham:opaque:new", &mut Frame::Borrowed(&new)).is_none());
    }

    #[test]
    fn fragments_of_many_groups_do_not_fill_the_memory() {
        let (mut all, mut queue) = (AllGroups::new(&framing(None), BUFFER), Queue::default());
        for i in 0..600 {
            let first = frames(&name(i % 300), None, &[7; 60000]).remove(0);
            assert!(!gives(&mut all, &mut queue, &name(i % 300), &first));
        }
        assert!(all.held > all.limit / 2 && queue.counts().incomplete > 100);
        let whole = frames("ham:opaque:whole", None, &[7; 60000]);
        let given = whole.iter().filter(|frame| gives(&mut all, &mut queue, "ham:opaque:whole", frame));
        assert_eq!(given.count(), 1);
    }

    #[test]
    fn many_senders_do_not_fill_the_memory() {
        let (mut all, mut queue) = (AllGroups::new(&framing(None), BUFFER), Queue::default());
        for i in 0..40_000 {
            let name = name(i % 40);
            let frame = frames(&name, None, b"x").remove(0);
            assert!(all.accept(&mut queue, &name, &mut Frame::Borrowed(&frame)).is_some());
            assert!(all.held <= all.limit);
        }
        assert!(all.held > all.limit / 2);
    }
}
