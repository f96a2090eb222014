//! An overlay: groups where the network carries no multicast, on Zenoh. `Overlay` is what the application wants of it;
//! the thread of the engine holds the session and makes it so, for as long as the process lives, whatever becomes of the
//! routers. Nobody waits for Zenoh in a call, but the first use a little.

// The types of Zenoh's session are as deep as that.
#![recursion_limit = "256"]

mod ear;
mod engine;
mod groups;
mod hooks;
mod key;
mod node;
mod others;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod tree;

use carrier::{Announcement, Carrier, Frame, Heard, Hearing, Reach, Role, Take, Technology, Tell, Way};
use ear::Ear;
use groups::{Id, Part};
use node::{Hold, Node};
use settings::Settings;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

carrier::technology!(Overlay);

/// One `[overlay.NAME]`. It lives for the process: its session, once opened, stays open.
pub struct Overlay(Arc<Node>);

impl Technology for Overlay {
    const NAME: &'static str = "overlay";

    fn open(name: &str, settings: &[(&str, &str)]) -> Result<Box<dyn Carrier>, String> {
        Ok(Box::new(Overlay::new(Settings::read(name, settings)?)))
    }
}

impl Overlay {
    /// Starts nothing: that is left to the first use.
    fn new(settings: Settings) -> Overlay {
        Overlay(Node::new(settings))
    }

    /// Announces this node as a forwarder between the group and `domain`, until that is dropped: of all that do so the one
    /// with the lowest id is designated. A gateway does so where it hears.
    fn announce_forwarder(&self, group: &str, domain: &str) -> io::Result<Hold> {
        Hold::new(&self.0, Id::Group(group.into()), Part::Domain(domain.into()))
    }

    /// The session is there, and has a router or is one.
    #[cfg(test)]
    fn is_up(&self) -> bool {
        !self.0.in_child() && self.0.up.load(Ordering::Relaxed)
    }
}

impl Carrier for Overlay {
    fn hear(&self, heard: Heard<'_>, take: Take) -> io::Result<Hearing> {
        let ear = Arc::new(Ear::new(take));
        let hold = Hold::new(&self.0, heard.into(), Part::Ear(ear.clone()))?;
        let forwards = match (&self.0.settings.gateway, heard) {
            (Some(domain), Heard::Group(group)) => Some(self.announce_forwarder(group, domain)?),
            _ => None,
        };
        Ok(Box::new(HeldEar { ear, hold, _forwards: forwards }))
    }

    fn way(&self, group: &str) -> io::Result<Box<dyn Way>> {
        let hold = Hold::new(&self.0, Id::Group(group.into()), Part::Way)?;
        Ok(Box::new(WayOut { hold, settled: AtomicBool::new(false) }))
    }

    fn announce_sender(&self, group: &str) -> io::Result<Announcement> {
        Ok(Box::new(Hold::new(&self.0, Id::Group(group.into()), Part::Source)?))
    }

    /// Waits until all that is wanted is made so: without a session, as long as the configuration gives the first use.
    fn settle(&self) {
        if !self.0.in_child() {
            self.0.wait_until_settled();
        }
    }

    /// Waits a moment until what was sent is out.
    fn linger(&self) {
        if !self.0.in_child() {
            self.0.linger();
        }
    }

    /// The states of other nodes as of now, from memory. The first one who asks waits a little for what there is.
    fn states(&self) -> Vec<(Arc<str>, Role)> {
        if self.0.in_child() {
            return Vec::new();
        }
        self.0.watch_others();
        self.0.others().states()
    }

    /// Tells of each change of the others' states from now on, first of what there is already, in place of the one before.
    /// `tell` runs on a thread of the engine, with its table locked: it must not block, nor ask the overlay.
    fn watch(&self, tell: Tell) {
        self.0.tell_others(tell);
    }

    /// The nodes this one is connected to, `ham:zenoh:ID`; for a group those on its tree.
    fn neighbors(&self, group: Option<&str>) -> Vec<String> {
        match group {
            None => self.0.neighbors(),
            Some(_) => {
                let mut both = self.parents(group);
                both.extend(self.children(group));
                both.sort();
                both.dedup();
                both
            }
        }
    }

    /// The neighbours that messages of the group, or of any, come from.
    fn parents(&self, group: Option<&str>) -> Vec<String> {
        tree::parents(&self.0, group)
    }

    /// The neighbours that messages of the group, or of any, are passed on to.
    fn children(&self, group: Option<&str>) -> Vec<String> {
        tree::children(&self.0, group)
    }

    /// This node is the designated forwarder of the group, or of any: it has the lowest id of all that forward between it
    /// and a domain. Where none does, a router forwards for its clients.
    fn designated(&self, group: Option<&str>) -> bool {
        self.0.designated(group)
    }
}

/// Someone hears a group.
struct HeldEar {
    ear: Arc<Ear>,
    hold: Hold,
    _forwards: Option<Hold>,
}

impl Drop for HeldEar {
    fn drop(&mut self) {
        // In a child the threads that are in the ear are not there, and never leave it.
        if !self.hold.is_inherited() {
            self.ear.close();
        }
    }
}

/// A way out to a group.
struct WayOut {
    hold: Hold,
    settled: AtomicBool,
}

impl Way for WayOut {
    /// `ENETUNREACH` without a session now (those in this process get it all the same), `ENOBUFS` when there was no room
    /// for as long as the configuration has it wait, `EADDRNOTAVAIL` in a child of the process that made the way.
    fn put(&self, frame: Frame<'_>, sources: &[u8], reach: Reach) -> io::Result<()> {
        let (node, group) = (&*self.hold.node, &*self.hold.group);
        if self.hold.is_inherited() {
            return Err(io::Error::from_raw_os_error(libc::EADDRNOTAVAIL));
        }
        if reach != Reach::NotLocal {
            node.tell_here(group, &frame, sources);
        }
        if reach == Reach::Local {
            return Ok(());
        }
        if !self.settled.load(Ordering::Relaxed) {
            self.settled.store(true, Ordering::Relaxed);
            if group.outlet.load().is_none() {
                node.wait_until_settled();
            }
        }
        session::put(node, group, frame, sources)
    }
}
