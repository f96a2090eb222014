//! An overlay: groups where the network carries no multicast, on Zenoh. `Overlay` is what the application wants of it;
//! the thread of the engine holds the session and makes it so, for as long as the process lives, whatever becomes of the
//! routers. Nobody waits for Zenoh in a call, but the first use a little.

mod ear;
mod engine;
mod groups;
mod hooks;
mod key;
mod node;
mod others;
mod session;
#[cfg(test)]
mod tests;
mod tree;

use crate::config::OverlaySettings;
use crate::group::Role;
use crate::technology::carrier::{Arrived, Change, Heard, Reach};
use ear::Ear;
use groups::{Id, Part};
use node::{Hold, Node};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One `[overlay.NAME]`. It lives for the process: its session, once opened, stays open.
pub struct Overlay(Arc<Node>);

impl Overlay {
    /// Starts nothing: that is left to the first use.
    pub fn new(settings: &OverlaySettings) -> Overlay {
        Overlay(Node::new(settings.clone()))
    }

    /// The NAME.
    pub fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// A multicast socket without named Interfaces has it.
    pub fn is_default(&self) -> bool {
        self.0.settings.default
    }

    /// From now on frames of the group go to `take`, on the thread that brings them; it must not block. For
    /// [`Heard::Group`] this node is announced as a listener. Dropping the [`Hearing`] ends it, also inside `take`:
    /// afterwards `take` does not run any more.
    ///
    /// Waits for nothing, also when it is dropped: what is wanted is made good when there is a session, which the first
    /// use opens. In a child of a process that has used the overlay: `EADDRNOTAVAIL`.
    pub fn hear(
        &self,
        heard: Heard<'_>,
        take: impl Fn(Arrived<'_>) + Send + Sync + 'static,
    ) -> io::Result<Hearing> {
        let ear = Arc::new(Ear::new(take));
        let hold = Hold::new(&self.0, heard.into(), Part::Ear(ear.clone()))?;
        let forwards = match (&self.0.settings.gateway, heard) {
            (Some(domain), Heard::Group(group)) => Some(self.announce_forwarder(group, domain)?),
            _ => None,
        };
        Ok(Hearing { ear, hold, _forwards: forwards })
    }

    /// Waits until all that is wanted is made so: without a session, as long as the configuration gives the first use.
    pub fn settle(&self) {
        if !self.0.in_child() {
            self.0.wait_until_settled();
        }
    }

    /// Waits a moment until what was sent is out.
    pub fn linger(&self) {
        if !self.0.in_child() {
            self.0.linger();
        }
    }

    /// A way out to a group, until it is dropped. Waits and fails as [`Overlay::hear`] does.
    pub fn way(&self, group: &str) -> io::Result<Way> {
        let hold = Hold::new(&self.0, Id::Group(group.into()), Part::Way)?;
        Ok(Way { hold, settled: AtomicBool::new(false) })
    }

    /// Announces this node as a source of the group, until the [`Announcement`] is dropped. Waits for nothing.
    pub fn announce_sender(&self, group: &str) -> io::Result<Announcement> {
        Ok(Announcement { _hold: Hold::new(&self.0, Id::Group(group.into()), Part::Source)? })
    }

    /// Announces this node as a forwarder between the group and `domain`, until the [`Announcement`] is dropped: of all
    /// that do so the one with the lowest id is designated. Waits for nothing. A gateway does so where it hears.
    fn announce_forwarder(&self, group: &str, domain: &str) -> io::Result<Announcement> {
        let part = Part::Domain(domain.into());
        Ok(Announcement { _hold: Hold::new(&self.0, Id::Group(group.into()), part)? })
    }

    /// The states of other nodes as of now, from memory. The first one who asks waits a little for what there is.
    pub fn states(&self) -> Vec<(Arc<str>, Role)> {
        if self.0.in_child() {
            return Vec::new();
        }
        self.0.watch_others();
        self.0.others().states()
    }

    /// Tells of each change of the others' states from now on, first of what there is already, in place of the one before.
    /// `tell` runs on a thread of the engine, with its table locked: it must not block, nor ask the overlay.
    pub fn watch(&self, tell: Arc<dyn Fn(Change) + Send + Sync>) {
        self.0.tell_others(tell);
    }

    /// The nodes this one is connected to, `ham:zenoh:ID`; for a group those on its tree.
    pub fn neighbors(&self, group: Option<&str>) -> Vec<String> {
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
    pub fn parents(&self, group: Option<&str>) -> Vec<String> {
        tree::parents(&self.0, group)
    }

    /// The neighbours that messages of the group, or of any, are passed on to.
    pub fn children(&self, group: Option<&str>) -> Vec<String> {
        tree::children(&self.0, group)
    }

    /// This node is the designated forwarder of the group, or of any: it has the lowest id of all that forward between it
    /// and a domain. Where none does, a router forwards for its clients.
    pub fn designated(&self, group: Option<&str>) -> bool {
        self.0.designated(group)
    }

    /// The session is there, and has a router or is one.
    #[cfg(test)]
    pub fn is_up(&self) -> bool {
        !self.0.in_child() && self.0.up.load(Ordering::Relaxed)
    }
}

/// Someone hears a group.
pub struct Hearing {
    ear: Arc<Ear>,
    hold: Hold,
    _forwards: Option<Announcement>,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        // In a child the threads that are in the ear are not there, and never leave it.
        if !self.hold.is_inherited() {
            self.ear.close();
        }
    }
}

/// A way out to a group.
pub struct Way {
    hold: Hold,
    settled: AtomicBool,
}

impl Way {
    /// Passes a frame on, to those that `reach` says. Neither waits for a receiver nor tells of one; the first one waits
    /// for the way to be open.
    ///
    /// `ENETUNREACH` without a session now (those in this process get it all the same), `ENOBUFS` when there was no room
    /// for as long as the configuration has it wait, `EADDRNOTAVAIL` in a child of the process that made the way.
    pub fn put(&self, frame: Vec<u8>, sources: &[u8], reach: Reach) -> io::Result<()> {
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

/// This node is announced.
pub struct Announcement {
    _hold: Hold,
}
