//! What one multicast socket receives of one Group Name: frames become messages, each once.

use super::bundle;
use super::header::{Fragment, HOP_LIMIT, Header};
use super::reassembly::{Added, Reassembly};
use super::seal::{GroupKey, SEAL, SenderKey};
use super::senders::{RemoteSender, SENDER, Senders};
use super::{FRAGMENT_HEADER, Refusal, Tag};
use std::ops::{AddAssign, Deref, Range};

/// Unfinished messages of one sender; the stalest goes first.
const UNFINISHED_MAX: usize = 8;

/// The bytes of a frame.
trait Bytes: Deref<Target = [u8]> {
    /// Where what is sealed in it can be opened.
    fn writable(&mut self) -> Option<&mut [u8]>;
}

impl Bytes for &mut [u8] {
    fn writable(&mut self) -> Option<&mut [u8]> {
        Some(self)
    }
}

impl Bytes for &[u8] {
    fn writable(&mut self) -> Option<&mut [u8]> {
        None
    }
}

/// Takes the frames of one group from all its Interfaces. It is small until the first frame comes.
pub struct Decoder {
    tag: Tag,
    key: Option<GroupKey>,
    reassembly_limit: usize,
    tally: Tally,
    refusal: Option<Refusal>,
    pub(super) heard: Option<Box<Heard>>,
}

/// What there is to know once a frame was heard.
pub(super) struct Heard {
    pub(super) senders: Senders,
    pub(super) reassembly: Reassembly,
}

/// What a frame gives. Ranges are of the frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Accepted {
    /// One message.
    Message(Range<usize>),
    /// The entries of a bundle, for [`bundle::messages`].
    Bundle(Range<usize>),
    /// One message, whose last fragment this was. The buffer can be given back with [`Decoder::recycle`].
    Whole(Vec<u8>),
    /// Nothing.
    Nothing,
}

/// What was not delivered, since the decoder was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Messages and bundles that came again, or so late that it cannot be told. Of a message in fragments, its first
    /// fragment is counted.
    pub duplicates: u64,
    /// Messages and bundles that did not come, or not yet: per sender, the numbers from the first to the highest heard
    /// of which nothing was delivered.
    pub lost: u64,
    /// Messages of which some fragments came, and which were given up.
    pub incomplete: u64,
    /// Frames that were refused; see [`Refusal`].
    pub refused: u64,
}

impl AddAssign for FrameCounts {
    fn add_assign(&mut self, other: FrameCounts) {
        self.duplicates += other.duplicates;
        self.lost = self.lost.saturating_add(other.lost);
        self.incomplete += other.incomplete;
        self.refused += other.refused;
    }
}

/// [`FrameCounts`], with room for what forged sequence numbers add up to.
#[derive(Default)]
struct Tally {
    duplicates: u64,
    lost: u128,
    incomplete: u64,
    refused: u64,
}

impl Decoder {
    /// A decoder for the group of this tag. With a key it takes only frames sealed with it, else only plain ones. It
    /// holds at most `reassembly_limit` bytes (131072, if that is less) of unfinished messages.
    pub fn new(tag: Tag, key: Option<GroupKey>, reassembly_limit: usize) -> Decoder {
        Decoder { tag, key, reassembly_limit, tally: Tally::default(), refusal: None, heard: None }
    }

    /// Takes another key, or none. If it is not the same as before, all senders and unfinished messages are forgotten.
    pub fn set_key(&mut self, key: Option<GroupKey>) {
        if self.key.as_ref().map(GroupKey::id) != key.as_ref().map(GroupKey::id) {
            self.heard = None;
            self.key = key;
        }
    }

    /// Gives back the buffer of an [`Accepted::Whole`].
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        if let Some(heard) = &mut self.heard {
            heard.reassembly.recycle(buffer);
        }
    }

    /// The counts so far.
    pub fn counts(&self) -> FrameCounts {
        let Tally { duplicates, lost, incomplete, refused } = self.tally;
        FrameCounts { duplicates, lost: lost.try_into().unwrap_or(u64::MAX), incomplete, refused }
    }

    /// The counts when no more frames come: what is unfinished stays so.
    pub fn finish(self) -> FrameCounts {
        let unfinished = self.heard.as_ref().map_or(0, |heard| heard.reassembly.len());
        let mut counts = self.counts();
        counts.incomplete += unfinished as u64;
        counts
    }

    /// Whether a frame has come that was good. With a key, it has opened.
    pub fn knows_a_sender(&self) -> bool {
        self.heard.as_ref().is_some_and(|heard| heard.senders.len() > 0)
    }

    /// The memory that it takes, about.
    pub fn memory(&self) -> usize {
        let heard = self.heard.as_ref();
        let heard = heard.map_or(0, |heard| heard.reassembly.memory() + SENDER * heard.senders.len());
        size_of::<Decoder>() + size_of::<Heard>() + heard
    }

    /// Why frames are refused, when it is time to log that: at the 1st, 2nd, 4th, 8th one, and so on. To be asked
    /// after `accept` gave nothing.
    pub fn take_refusal(&mut self) -> Option<Refusal> {
        self.refusal.take()
    }

    /// Takes a frame. What is sealed in it is opened in place. Frames of other groups give nothing, and count nowhere.
    #[inline]
    pub fn accept(&mut self, frame: &mut [u8]) -> Accepted {
        self.accept_bytes(frame)
    }

    /// Takes a frame that can only be read. `None`: with a key that is not enough.
    pub fn accept_shared(&mut self, frame: &[u8]) -> Option<Accepted> {
        self.key.is_none().then(|| self.accept_bytes(frame))
    }

    #[inline]
    fn accept_bytes(&mut self, frame: impl Bytes) -> Accepted {
        let accepted = match Header::parse(&frame, &self.tag) {
            Ok(Some(header)) => self.take(&header, frame),
            Ok(None) => return Accepted::Nothing,
            Err(refusal) => Err(refusal),
        };
        accepted.unwrap_or_else(|refusal| self.refuse(refusal))
    }

    #[inline]
    fn take(&mut self, header: &Header, frame: impl Bytes) -> Result<Accepted, Refusal> {
        match (&self.key, header.algorithm) {
            (None, None) => {}
            (Some(key), Some(algorithm)) if key.algorithm() == algorithm => {}
            (Some(_), Some(_)) => return Err(Refusal::OtherAlgorithm),
            (Some(_), None) => return Err(Refusal::Plain),
            (None, Some(_)) => return Err(Refusal::Sealed),
        }
        let limit = self.reassembly_limit;
        let heard = self.heard.get_or_insert_with(|| Heard::new(limit));
        heard.take(&self.tag, self.key.as_ref(), header, frame, &mut self.tally)
    }

    #[cold]
    fn refuse(&mut self, refusal: Refusal) -> Accepted {
        self.tally.refused += 1;
        if self.tally.refused.is_power_of_two() {
            self.refusal = Some(refusal);
        }
        Accepted::Nothing
    }
}

impl Heard {
    fn new(reassembly_limit: usize) -> Box<Heard> {
        Box::new(Heard { senders: Senders::new(), reassembly: Reassembly::new(reassembly_limit) })
    }

    /// A frame of this group, sealed exactly if there is a `key`.
    #[inline]
    fn take(
        &mut self,
        tag: &Tag,
        key: Option<&GroupKey>,
        header: &Header,
        mut frame: impl Bytes,
        tally: &mut Tally,
    ) -> Result<Accepted, Refusal> {
        let known = self.senders.find(&header.sender);
        let sender = known.and_then(|slot| self.senders.get_mut(slot));
        if sender.as_ref().is_some_and(|sender| !sender.window.is_new(header.sequence)) {
            // Not worth opening. Parity that was not needed comes here too, so one fragment stands for all.
            tally.duplicates += u64::from(header.is_first());
            return Ok(Accepted::Nothing);
        }
        let mut payload = header.len()..frame.len();
        let mut new_key = None;
        if let Some(key) = key {
            payload.end -= SEAL;
            let sender_key = match sender.as_ref().and_then(|sender| sender.key.as_ref()) {
                Some(key) => key,
                None => new_key.insert(key.sender_key(tag, &header.sender)),
            };
            open(sender_key, header, frame.writable().ok_or(Refusal::Sealed)?)?;
        }
        if header.bundle && !frame.get(payload.clone()).is_some_and(bundle::well_formed) {
            return Err(Refusal::Malformed("bundle"));
        }
        // In a sealed group, only an authentic frame comes this far and adds or moves a sender.
        let slot = match known {
            Some(slot) => slot,
            None => self.add_sender(RemoteSender::new(header.sender, header.sequence, new_key), tally),
        };
        let Some(sender) = self.senders.get_mut(slot) else { return Ok(Accepted::Nothing) };
        tally.lost += u128::from(sender.hear(header.sequence));
        if let Some(fragment) = &header.fragment {
            let payload = frame.get(payload).unwrap_or_default();
            return self.assemble(slot, header.sequence, fragment, payload, tally);
        }
        self.deliver(slot, header.sequence, tally);
        Ok(if header.bundle { Accepted::Bundle(payload) } else { Accepted::Message(payload) })
    }

    #[inline]
    fn deliver(&mut self, slot: u32, sequence: u64, tally: &mut Tally) {
        let Some(sender) = self.senders.get_mut(slot) else { return };
        tally.lost = tally.lost.saturating_sub(u128::from(sender.deliver(sequence)));
        let reassembly = &mut self.reassembly;
        // A number can come both whole and in fragments, when frames are forged.
        sender.unfinished.retain(|&unfinished| {
            let same = reassembly.get(unfinished).is_none_or(|message| message.sequence == sequence);
            if same {
                reassembly.discard(unfinished);
            }
            !same
        });
    }

    fn assemble(
        &mut self,
        slot: u32,
        sequence: u64,
        fragment: &Fragment,
        payload: &[u8],
        tally: &mut Tally,
    ) -> Result<Accepted, Refusal> {
        let Some(message) = self.unfinished(slot, sequence, fragment, tally) else {
            return Ok(Accepted::Nothing);
        };
        while self.reassembly.wants_room(message, fragment) && self.reassembly.stalest() != Some(message) {
            self.discard_stalest(tally);
        }
        match self.reassembly.add(message, fragment, payload) {
            Added::More => {}
            Added::Again => tally.duplicates += u64::from(fragment.index == 0),
            Added::Contradiction => return Err(Refusal::Contradiction),
            Added::Done(Some(whole)) => {
                self.deliver(slot, sequence, tally);
                return Ok(Accepted::Whole(whole));
            }
            Added::Done(None) => {
                tally.incomplete += 1;
                self.forget(slot, message);
            }
        }
        Ok(Accepted::Nothing)
    }

    /// The message that a fragment belongs to, which becomes the freshest; None when there is no room for it.
    fn unfinished(
        &mut self,
        slot: u32,
        sequence: u64,
        fragment: &Fragment,
        tally: &mut Tally,
    ) -> Option<u32> {
        let list = &mut self.senders.get_mut(slot)?.unfinished;
        let is_it = |&message: &u32| self.reassembly.get(message).is_some_and(|one| one.sequence == sequence);
        if let Some(at) = list.iter().position(is_it) {
            let message = list.remove(at);
            list.push(message);
            self.reassembly.touch(message);
            return Some(message);
        }
        if list.len() >= UNFINISHED_MAX {
            tally.incomplete += 1;
            self.reassembly.discard(list.remove(0));
        }
        while !self.reassembly.has_room(fragment) {
            self.discard_stalest(tally)?;
        }
        let message = self.reassembly.begin(slot, sequence, *fragment);
        self.senders.get_mut(slot)?.unfinished.push(message);
        Some(message)
    }

    fn discard_stalest(&mut self, tally: &mut Tally) -> Option<()> {
        let stalest = self.reassembly.stalest()?;
        let sender = self.reassembly.discard(stalest)?;
        tally.incomplete += 1;
        self.forget(sender, stalest);
        Some(())
    }

    fn forget(&mut self, slot: u32, message: u32) {
        if let Some(sender) = self.senders.get_mut(slot) {
            sender.unfinished.retain(|&unfinished| unfinished != message);
        }
    }

    fn add_sender(&mut self, sender: RemoteSender, tally: &mut Tally) -> u32 {
        let (slot, gone) = self.senders.insert(sender);
        if let Some(gone) = gone {
            self.forget_all(gone, tally);
        }
        slot
    }

    #[cold]
    fn forget_all(&mut self, gone: RemoteSender, tally: &mut Tally) {
        for message in gone.unfinished {
            tally.incomplete += 1;
            self.reassembly.discard(message);
        }
    }
}

/// Opens what is sealed in `frame`, in place.
fn open(key: &SenderKey, header: &Header, frame: &mut [u8]) -> Result<(), Refusal> {
    let Some((sealed, seal)) = frame.split_last_chunk_mut::<SEAL>() else { return Err(Refusal::Short) };
    let Some((head, text)) = sealed.split_at_mut_checked(header.len()) else { return Err(Refusal::Short) };
    // A bridge between overlays may have changed the hop limit.
    let mut authenticated = [0; FRAGMENT_HEADER];
    let authenticated = &mut authenticated[..head.len()];
    authenticated.copy_from_slice(head);
    authenticated[HOP_LIMIT] = 0;
    if key.open(&header.nonce(), authenticated, text, seal) { Ok(()) } else { Err(Refusal::Unauthentic) }
}
