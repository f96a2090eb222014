//! Messages that wait in the library, the oldest first. All but long ones lie in blocks that hold many of them and are
//! used again. With memory from the allocator for each, the system would have to find new pages whenever the stash grows.

use carrier::{Frame, LONG};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a block.
const BLOCK: usize = 128 << 10;

/// What it costs to keep one there, about.
const KEPT: usize = 128;

/// At most this many blocks with nothing in them are kept.
const SPARE: usize = 16;

/// When the stash was empty so often without a need for more blocks, one of them is given up.
const ROUNDS: u32 = 1024;

/// At most this many blocks may be in use before it matters how full they are.
const FEW: usize = 8;

/// To which group a message came, and how.
#[derive(Clone)]
pub(super) struct Arrival {
    pub group: Arc<str>,
    pub interface: u32,
    pub from: SocketAddr,
}

#[derive(Default)]
pub(super) struct Stash {
    /// How many bytes it takes.
    limit: usize,
    waiting: VecDeque<Waiting>,
    /// The memory that these take, about.
    bytes: usize,
    blocks: Blocks,
}

struct Waiting {
    place: Place,
    arrival: Arrival,
}

enum Place {
    Block(Span),
    Frame(Box<Kept>),
}

struct Kept {
    frame: Frame<'static>,
    range: Range<usize>,
}

impl Place {
    /// In the memory in which it came.
    fn kept(frame: Frame<'_>, range: Range<usize>) -> Place {
        Place::Frame(Box::new(Kept { frame: frame.into_kept(), range }))
    }
}

/// The memory that the message at `range` of the frame is going to take, about.
#[inline]
fn size(frame: &Frame<'_>, range: &Range<usize>) -> usize {
    size_of::<Waiting>() + if range.len() >= LONG { frame.memory() + KEPT } else { range.len() }
}

impl Waiting {
    /// The memory that it takes, about.
    #[inline]
    fn size(&self) -> usize {
        let bytes = match &self.place {
            Place::Block(span) => span.len as usize,
            Place::Frame(kept) => kept.frame.memory() + KEPT,
        };
        size_of::<Waiting>() + bytes
    }
}

impl Stash {
    /// One that takes so many bytes.
    pub fn new(limit: usize) -> Stash {
        Stash { limit, ..Stash::default() }
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The memory that the messages take, about. The blocks are never more than twice the limit.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps what is at `range` of the frame, behind the others. False: it is full.
    #[inline]
    pub fn push(&mut self, frame: Frame<'_>, range: Range<usize>, arrival: Arrival) -> bool {
        let size = size(&frame, &range);
        if self.bytes + size > self.limit {
            return false;
        }
        self.bytes += size;
        if range.len() >= LONG {
            self.waiting.push_back(Waiting { place: Place::kept(frame, range), arrival });
        } else {
            let span = self.reserve(range.len());
            self.waiting.push_back(Waiting { place: Place::Block(span), arrival });
            // Last of all: what reads again what it has just written would wait until all of this is written, too.
            self.blocks.get_mut(span).copy_from_slice(frame.get(range).unwrap_or_default());
        }
        true
    }

    /// Keeps a message before the others, also when it is full.
    pub fn push_front(&mut self, message: Vec<u8>, arrival: Arrival) {
        let range = 0..message.len();
        let waiting = Waiting { place: Place::kept(Frame::Own(message), range), arrival };
        self.bytes += waiting.size();
        self.waiting.push_front(waiting);
    }

    /// Where the first message is whose group `wants` it.
    pub fn position(&self, wants: impl Fn(&Arc<str>) -> bool) -> Option<usize> {
        self.waiting.iter().position(|waiting| wants(&waiting.arrival.group))
    }

    /// The group of the first message.
    pub fn front(&self) -> Option<&Arc<str>> {
        self.waiting.front().map(|waiting| &waiting.arrival.group)
    }

    /// The group of the last message.
    pub fn back(&self) -> Option<&Arc<str>> {
        self.waiting.back().map(|waiting| &waiting.arrival.group)
    }

    #[inline]
    pub fn get(&self, position: usize) -> Option<&[u8]> {
        Some(match &self.waiting.get(position)?.place {
            Place::Block(span) => self.blocks.get(*span),
            Place::Frame(kept) => kept.frame.get(kept.range.clone()).unwrap_or_default(),
        })
    }

    #[inline]
    pub fn remove(&mut self, position: usize) -> Option<Arrival> {
        let waiting = self.waiting.remove(position)?;
        self.bytes -= waiting.size();
        self.give_back(waiting.place);
        self.note_empty();
        Some(waiting.arrival)
    }

    /// Keeps those whose group `stays`.
    pub fn retain(&mut self, stays: impl Fn(&str) -> bool) {
        let (blocks, bytes) = (&mut self.blocks, &mut self.bytes);
        self.waiting.retain(|waiting| {
            let stays = stays(&waiting.arrival.group);
            if !stays {
                *bytes -= waiting.size();
                if let Place::Block(span) = waiting.place {
                    blocks.remove(span);
                }
            }
            stays
        });
        self.note_empty();
    }

    /// Forgets all, in a forked child: what is lent is not given back there, since that can need a lock that no thread
    /// opens.
    pub fn abandon(&mut self) {
        let Stash { waiting, .. } = std::mem::replace(self, Stash::new(self.limit));
        for waiting in waiting {
            if let Place::Frame(kept) = waiting.place {
                if let Frame::Lent(_) = kept.frame {
                    std::mem::forget(kept);
                }
            }
        }
    }

    /// Room in a block.
    #[inline]
    fn reserve(&mut self, len: usize) -> Span {
        if !self.blocks.has_room(len) && self.blocks.is_sparse() {
            self.pack();
        }
        self.blocks.reserve(len)
    }

    #[inline]
    fn give_back(&mut self, place: Place) {
        if let Place::Block(span) = place {
            self.blocks.remove(span);
        }
    }

    #[inline]
    fn note_empty(&mut self) {
        if self.waiting.is_empty() {
            // So that it begins anew with the same bytes.
            self.waiting.clear();
            self.blocks.note_empty();
        }
    }

    /// Moves all messages together: some that nobody takes must not hold the blocks of many that were taken.
    #[cold]
    fn pack(&mut self) {
        let spare = std::mem::take(&mut self.blocks.spare);
        let old = std::mem::replace(&mut self.blocks, Blocks { spare, ..Blocks::default() });
        for waiting in &mut self.waiting {
            if let Place::Block(span) = &mut waiting.place {
                let message = old.get(*span);
                *span = self.blocks.reserve(message.len());
                self.blocks.get_mut(*span).copy_from_slice(message);
            }
        }
        self.blocks.take_over(old);
    }
}

/// Where a message lies.
#[derive(Clone, Copy)]
struct Span {
    block: u32,
    start: u32,
    len: u32,
}

/// Bytes of many messages, each put behind the last one.
#[derive(Default)]
struct Blocks {
    blocks: Vec<Block>,
    /// The one that is being filled.
    current: usize,
    /// Places in `blocks` without memory.
    vacant: Vec<usize>,
    /// Memory that is not in use.
    spare: Vec<Box<[u8]>>,
    /// Bytes of messages in them.
    filled: usize,
    /// How often there was nothing in them since one was opened.
    rounds: u32,
}

#[derive(Default)]
struct Block {
    bytes: Box<[u8]>,
    end: usize,
    messages: usize,
}

impl Blocks {
    fn in_use(&self) -> usize {
        self.blocks.len() - self.vacant.len()
    }

    /// Less than half of them is messages.
    fn is_sparse(&self) -> bool {
        self.in_use() > FEW && self.in_use() * BLOCK > 2 * self.filled
    }

    #[inline]
    fn has_room(&self, len: usize) -> bool {
        self.blocks.get(self.current).is_some_and(|block| block.end + len <= block.bytes.len())
    }

    /// Room for one message more.
    #[inline]
    fn reserve(&mut self, len: usize) -> Span {
        if !self.has_room(len) {
            self.open();
        }
        let block = &mut self.blocks[self.current];
        let start = block.end;
        block.end += len;
        block.messages += 1;
        self.filled += len;
        Span { block: self.current as u32, start: start as u32, len: len as u32 }
    }

    #[inline]
    fn get_mut(&mut self, span: Span) -> &mut [u8] {
        &mut self.blocks[span.block as usize].bytes[span.start as usize..][..span.len as usize]
    }

    #[inline]
    fn get(&self, span: Span) -> &[u8] {
        &self.blocks[span.block as usize].bytes[span.start as usize..][..span.len as usize]
    }

    #[inline]
    fn remove(&mut self, span: Span) {
        let at = span.block as usize;
        self.filled -= span.len as usize;
        let block = &mut self.blocks[at];
        block.messages -= 1;
        if block.messages == 0 {
            block.end = 0;
            if at != self.current {
                self.close(at);
            }
        }
    }

    fn open(&mut self) {
        let bytes = self.spare.pop().unwrap_or_else(|| vec![0; BLOCK].into());
        let block = Block { bytes, end: 0, messages: 0 };
        self.current = match self.vacant.pop() {
            Some(at) => {
                self.blocks[at] = block;
                at
            }
            None => {
                self.blocks.push(block);
                self.blocks.len() - 1
            }
        };
        self.rounds = 0;
    }

    fn close(&mut self, at: usize) {
        let bytes = std::mem::take(&mut self.blocks[at].bytes);
        self.vacant.push(at);
        if self.spare.len() < SPARE {
            self.spare.push(bytes);
        }
    }

    /// There is nothing in them.
    #[inline]
    fn note_empty(&mut self) {
        self.rounds += 1;
        if self.rounds >= ROUNDS {
            self.rounds = 0;
            self.spare.pop();
        }
    }

    /// Takes the memory of others.
    fn take_over(&mut self, others: Blocks) {
        let memory = others.blocks.into_iter().map(|block| block.bytes).filter(|bytes| !bytes.is_empty());
        self.spare.extend(memory.take(SPARE.saturating_sub(self.spare.len())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 16 << 20;

    fn arrival(group: &str) -> Arrival {
        Arrival { group: group.into(), interface: 7, from: SocketAddr::from(([0; 4], 0)) }
    }

    fn push(stash: &mut Stash, group: &str, message: &[u8]) -> bool {
        stash.push(Frame::Borrowed(message), 0..message.len(), arrival(group))
    }

    /// Takes the first message, or the first of the group.
    fn take(stash: &mut Stash, group: Option<&str>) -> Option<(String, Vec<u8>)> {
        let at = group.map_or(Some(0), |group| stash.position(|other| **other == *group))?;
        let message = stash.get(at)?.to_vec();
        Some((stash.remove(at)?.group.to_string(), message))
    }

    /// What it says of itself is so.
    fn check(stash: &Stash) {
        let spans = stash.waiting.iter().filter_map(|waiting| match waiting.place {
            Place::Block(span) => Some(span),
            Place::Frame(_) => None,
        });
        let (messages, filled) = spans.fold((0, 0), |(n, len), span| (n + 1, len + span.len as usize));
        let blocks = &stash.blocks;
        assert_eq!(blocks.blocks.iter().map(|block| block.messages).sum::<usize>(), messages);
        assert_eq!((blocks.filled, stash.bytes), (filled, stash.waiting.iter().map(Waiting::size).sum()));
        for (at, block) in blocks.blocks.iter().enumerate() {
            assert_eq!(block.bytes.is_empty(), blocks.vacant.contains(&at));
            assert!(block.messages > 0 || block.end == 0);
        }
        assert!(blocks.spare.len() <= SPARE);
        assert!(blocks.in_use() * BLOCK <= 2 * LIMIT);
    }

    #[test]
    fn messages_of_all_lengths_come_out_as_they_went_in() {
        let (mut stash, mut model) = (Stash::new(LIMIT), VecDeque::new());
        let mut random = 1u64;
        for step in 0..20_000u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (dice, length) = (random >> 60, (random >> 33) as usize);
            let group = ["a", "b", "c"][dice as usize % 3];
            let growing = step / 1000 % 2 == 0;
            if (dice < 12) == growing {
                let length = if dice == 0 { length % 65507 } else { length % 3000 };
                let message = vec![step as u8; length];
                match dice {
                    3 => {
                        stash.push_front(message.clone(), arrival(group));
                        model.push_front((group.to_owned(), message));
                    }
                    _ if push(&mut stash, group, &message) => model.push_back((group.to_owned(), message)),
                    _ => assert!(stash.bytes() + message.len() + 500 > LIMIT),
                }
            } else {
                let wanted = (dice < 8).then_some(group);
                let at = wanted.map_or(Some(0), |wanted| model.iter().position(|(group, _)| group == wanted));
                assert_eq!(take(&mut stash, wanted), at.and_then(|at| model.remove(at)));
            }
            if step % 5000 == 4999 {
                stash.retain(|group| group != "a");
                model.retain(|(group, _)| group != "a");
            }
            assert_eq!(stash.len(), model.len());
            check(&stash);
        }
        while let Some(taken) = take(&mut stash, None) {
            assert_eq!(Some(taken), model.pop_front());
        }
        check(&stash);
        assert!(model.is_empty() && stash.bytes() == 0);
    }

    #[test]
    fn what_is_taken_at_once_lies_always_at_the_same_place() {
        let mut stash = Stash::new(LIMIT);
        for i in 0..2 * ROUNDS {
            assert!(push(&mut stash, "a", &[i as u8; 1000]));
            assert!(matches!(stash.waiting[0].place, Place::Block(Span { block: 0, start: 0, len: 1000 })));
            assert_eq!(take(&mut stash, None).unwrap().1, [i as u8; 1000]);
        }
        assert_eq!((stash.blocks.blocks.len(), stash.blocks.spare.len()), (1, 0));
    }

    #[test]
    fn memory_is_used_again_and_given_up_when_it_is_not() {
        let mut stash = Stash::new(LIMIT);
        let fill = |stash: &mut Stash| (0..4000).all(|_| push(stash, "a", &[0; 1000]));
        for _ in 0..3 {
            assert!(fill(&mut stash));
            check(&stash);
            assert_eq!(stash.blocks.in_use(), 4000_usize.div_ceil(BLOCK / 1000));
            while take(&mut stash, None).is_some() {}
            assert_eq!((stash.blocks.in_use(), stash.blocks.spare.len()), (1, SPARE));
        }
        for _ in 0..ROUNDS * SPARE as u32 {
            assert!(push(&mut stash, "a", b"x") && take(&mut stash, None).is_some());
        }
        assert_eq!(stash.blocks.spare.len(), 0);
    }

    #[test]
    fn a_few_that_nobody_takes_do_not_hold_the_memory_of_all() {
        let mut stash = Stash::new(LIMIT);
        for i in 0..20_000 {
            assert!(push(&mut stash, "taken", &[0; 1000]));
            assert!(i % 100 > 0 || push(&mut stash, "left", &[1; 1000]), "there is room for it");
            assert!(take(&mut stash, Some("taken")).is_some());
            check(&stash);
        }
        assert_eq!(stash.len(), 200);
        assert!(stash.blocks.in_use() <= FEW + 1);
        assert!((0..200).all(|at| stash.get(at).unwrap() == [1; 1000]));
    }

    #[test]
    fn the_limit_is_of_all_memory() {
        let mut stash = Stash::new(0);
        let long: Arc<[u8]> = vec![0; 60_000].into();
        let mut lend = |limit| {
            stash.limit = limit;
            stash.push(Frame::Lent(Box::new(long.clone())), 0..60_000, arrival("a"))
        };
        assert!(!lend(120_000) && lend(130_000) && !lend(130_000));
        assert_eq!(Arc::strong_count(&long), 2, "it is not copied");
        assert!(!push(&mut stash, "a", &[0; 10_000]) && push(&mut stash, "a", &[0; 9_000]));
        check(&stash);
        drop(take(&mut stash, None));
        assert_eq!(Arc::strong_count(&long), 1);
    }
}
