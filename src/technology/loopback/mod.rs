//! Technology `loopback`: groups inside the process. It loses, doubles and swaps frames as it is told, the same ones in
//! every run, so that a program can be tested against a bad network without one.

pub mod settings;

use crate::error::Result;
use arc_swap::{ArcSwap, ArcSwapOption};
use carrier::{Arrived, Carrier, Frame, Heard, Hearing, Reach, Take, Way};
use settings::LoopbackSettings;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Opens an Interface of these settings.
pub fn open(settings: &LoopbackSettings) -> Result<Box<dyn Carrier>> {
    Ok(Box::new(Loopback::new(settings.clone())))
}

/// An Interface of technology `loopback`.
struct Loopback(Arc<Inside>);

struct Inside {
    settings: LoopbackSettings,
    ears: ArcSwap<Vec<Arc<Ear>>>,
    frames: AtomicU64,
    /// The frame that comes after the next one.
    late: ArcSwapOption<Late>,
}

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

struct HeldEar {
    loopback: Arc<Inside>,
    ear: Arc<Ear>,
}

impl Drop for HeldEar {
    fn drop(&mut self) {
        self.ear.live.store(false, Ordering::Release);
        let others = |ears: &Arc<Vec<Arc<Ear>>>| -> Vec<_> {
            ears.iter().filter(|ear| !Arc::ptr_eq(ear, &self.ear)).cloned().collect()
        };
        self.loopback.ears.rcu(others);
    }
}

struct WayOut {
    loopback: Arc<Inside>,
    group: Arc<str>,
}

impl Loopback {
    fn new(settings: LoopbackSettings) -> Loopback {
        let (ears, frames, late) = (ArcSwap::default(), AtomicU64::new(0), ArcSwapOption::empty());
        Loopback(Arc::new(Inside { settings, ears, frames, late }))
    }
}

impl Carrier for Loopback {
    /// `take` gets every frame, on the thread of its sender.
    fn hear(&self, heard: Heard<'_>, take: Take) -> io::Result<Hearing> {
        let (prefix, suffix) = match heard {
            Heard::Group(name) => (name.into(), None),
            Heard::All { prefix, suffix } => (prefix.into(), Some(suffix.into())),
        };
        let ear = Arc::new(Ear { prefix, suffix, live: AtomicBool::new(true), take });
        self.0.ears.rcu(|ears| ears.iter().chain([&ear]).cloned().collect::<Vec<_>>());
        Ok(Box::new(HeldEar { loopback: self.0.clone(), ear }))
    }

    fn way(&self, group: &str) -> io::Result<Box<dyn Way>> {
        Ok(Box::new(WayOut { loopback: self.0.clone(), group: group.into() }))
    }
}

impl Inside {
    fn deliver(&self, group: &str, frame: &[u8], sources: &[u8]) {
        let ears = self.ears.load();
        for ear in ears.iter().filter(|ear| ear.hears().covers(group)) {
            if ear.live.load(Ordering::Acquire) {
                (ear.take)(Arrived { group, frame: Frame::Borrowed(frame), sources });
            }
        }
    }
}

impl Way for WayOut {
    fn put(&self, frame: Frame<'_>, sources: &[u8], reach: Reach) -> io::Result<()> {
        // Everybody is in this process.
        if reach != Reach::NotLocal {
            let frame = match frame {
                Frame::Own(frame) => frame,
                other => other.to_vec(),
            };
            self.put_here(frame, sources);
        }
        Ok(())
    }
}

impl WayOut {
    fn put_here(&self, frame: Vec<u8>, sources: &[u8]) {
        let loopback = &*self.loopback;
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
        let loopback = open(&settings).unwrap();
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        let inside = heard.clone();
        let take = move |arrived: Arrived<'_>| inside.lock().unwrap().extend(&*arrived.frame);
        let hearing = loopback.hear(Heard::Group("ham:opaque:a"), Box::new(take)).unwrap();
        let [way, other] = ["ham:opaque:a", "ham:opaque:b"].map(|group| loopback.way(group).unwrap());
        for i in 0..count {
            way.put(Frame::Borrowed(&[i]), &[], Reach::All).unwrap();
            other.put(Frame::Borrowed(&[255]), &[], Reach::All).unwrap();
        }
        drop(hearing);
        way.put(Frame::Borrowed(&[254]), &[], Reach::All).unwrap();
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
