//! Technology `loopback`: groups inside the process. It loses, doubles and swaps frames as it is told, the same ones in
//! every run, so that a program can be tested against a bad network without one.

use super::carrier::{Arrived, Frame, Heard, Reach};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A `[loopback.NAME]` of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoopbackSettings {
    /// NAME.
    pub name: String,
    /// A multicast socket without named Interfaces has it.
    pub default: bool,
    /// So many frames of a hundred are lost.
    pub loss: u8,
    /// So many of a hundred come twice.
    pub duplicates: u8,
    /// So many of a hundred come after the next one.
    pub swaps: u8,
    /// Which ones, this number says.
    pub seed: u64,
}

/// An Interface of technology `loopback`.
pub struct Loopback {
    settings: LoopbackSettings,
    ears: ArcSwap<Vec<Arc<Ear>>>,
    frames: AtomicU64,
    /// The frame that comes after the next one.
    late: ArcSwapOption<Late>,
}

type Take = Box<dyn Fn(Arrived<'_>) + Send + Sync>;

struct Ear {
    prefix: Box<str>,
    /// Of all groups that begin so; `None`: the prefix is the name.
    suffix: Option<Box<str>>,
    live: AtomicBool,
    take: Take,
}

impl Ear {
    fn hears(&self) -> Heard<'_> {
        match &self.suffix {
            None => Heard::Group(&self.prefix),
            Some(suffix) => Heard::All { prefix: &self.prefix, suffix },
        }
    }
}

struct Late {
    group: Arc<str>,
    frame: Vec<u8>,
    sources: Box<[u8]>,
}

/// Ends the hearing when it is dropped.
pub struct Hearing {
    loopback: &'static Loopback,
    ear: Arc<Ear>,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.ear.live.store(false, Ordering::Release);
        let others = |ears: &Arc<Vec<Arc<Ear>>>| -> Vec<_> {
            ears.iter().filter(|ear| !Arc::ptr_eq(ear, &self.ear)).cloned().collect()
        };
        self.loopback.ears.rcu(others);
    }
}

/// A way out to a group.
pub struct Way {
    loopback: &'static Loopback,
    group: Arc<str>,
}

impl Loopback {
    /// An Interface of these settings.
    pub fn new(settings: LoopbackSettings) -> Loopback {
        Loopback {
            settings,
            ears: ArcSwap::default(),
            frames: AtomicU64::new(0),
            late: ArcSwapOption::empty(),
        }
    }

    /// What it was made of.
    pub fn settings(&self) -> &LoopbackSettings {
        &self.settings
    }

    /// Hears a group, or several: `take` gets every frame, on the thread of its sender.
    pub fn hear(
        &'static self,
        heard: Heard<'_>,
        take: impl Fn(Arrived<'_>) + Send + Sync + 'static,
    ) -> Hearing {
        let (prefix, suffix) = match heard {
            Heard::Group(name) => (name.into(), None),
            Heard::All { prefix, suffix } => (prefix.into(), Some(suffix.into())),
        };
        let ear = Arc::new(Ear { prefix, suffix, live: AtomicBool::new(true), take: Box::new(take) });
        self.ears.rcu(|ears| ears.iter().chain([&ear]).cloned().collect::<Vec<_>>());
        Hearing { loopback: self, ear }
    }

    /// A way out to a group.
    pub fn way(&'static self, group: &str) -> Way {
        Way { loopback: self, group: group.into() }
    }

    fn deliver(&self, group: &str, frame: &[u8], sources: &[u8]) {
        let ears = self.ears.load();
        for ear in ears.iter().filter(|ear| ear.hears().covers(group)) {
            if ear.live.load(Ordering::Acquire) {
                (ear.take)(Arrived { group, frame: Frame::Borrowed(frame), sources });
            }
        }
    }
}

impl Way {
    /// Passes a frame to all who hear the group.
    pub fn put(&self, frame: Vec<u8>, sources: &[u8], reach: Reach) {
        let loopback = self.loopback;
        // Everybody is in this process.
        if reach == Reach::NotLocal {
            return;
        }
        let LoopbackSettings { loss, duplicates, swaps, seed, .. } = loopback.settings;
        if loss == 0 && duplicates == 0 && swaps == 0 {
            return loopback.deliver(&self.group, &frame, sources);
        }
        let number = loopback.frames.fetch_add(1, Ordering::Relaxed);
        let chance = |which: u64, per_cent: u8| hash(seed, number * 3 + which) % 100 < per_cent.into();
        if chance(0, loss) {
            return;
        }
        let late = if chance(1, swaps) {
            let (group, sources) = (self.group.clone(), sources.into());
            loopback.late.swap(Some(Arc::new(Late { group, frame, sources })))
        } else {
            if chance(2, duplicates) {
                loopback.deliver(&self.group, &frame, sources);
            }
            loopback.deliver(&self.group, &frame, sources);
            loopback.late.swap(None)
        };
        if let Some(late) = late {
            loopback.deliver(&late.group, &late.frame, &late.sources);
        }
    }
}

/// SplitMix64, of public domain: the same number for the same seed and step.
fn hash(seed: u64, step: u64) -> u64 {
    let mut z = seed.wrapping_add(step.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn heard_of(settings: LoopbackSettings, count: u8) -> Vec<u8> {
        let loopback: &'static Loopback = Box::leak(Box::new(Loopback::new(settings)));
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        let inside = heard.clone();
        let hearing = loopback.hear(Heard::Group("ham:opaque:a"), move |arrived| {
            inside.lock().unwrap().extend(&*arrived.frame);
        });
        let (way, other) = (loopback.way("ham:opaque:a"), loopback.way("ham:opaque:b"));
        for i in 0..count {
            way.put(vec![i], &[], Reach::All);
            other.put(vec![255], &[], Reach::All);
        }
        drop(hearing);
        way.put(vec![254], &[], Reach::All);
        std::mem::take(&mut *heard.lock().unwrap())
    }

    #[test]
    fn what_is_sent_is_heard_in_its_order() {
        assert_eq!(heard_of(LoopbackSettings::default(), 100), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn what_goes_wrong_is_the_same_each_time() {
        let bad = LoopbackSettings { loss: 20, duplicates: 20, swaps: 20, seed: 7, ..Default::default() };
        let heard = heard_of(bad.clone(), 100);
        assert_eq!(heard, heard_of(bad.clone(), 100));
        assert_ne!(heard, heard_of(LoopbackSettings { seed: 8, ..bad }, 100));
        let mut sorted = heard.clone();
        sorted.sort_unstable();
        assert_ne!(heard, sorted, "some come late");
        let mut once = sorted.clone();
        once.dedup();
        assert!(once.len() < sorted.len(), "some come twice");
        assert!((60..95).contains(&once.len()), "some are lost: {}", once.len());
    }
}
