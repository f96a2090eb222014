//! The contract of a carrier: an Interface of a technology that knows groups by Group Name, not by address, and that
//! carries HAM frames. A technology implements [`Carrier`]; libham calls nothing else of it, and knows none by name.
//!
//! # Time
//!
//! Only [`Carrier::settle`], [`Carrier::linger`], the first [`Way::put`] of a way and the service calls wait, each for a
//! bounded time that its documentation names. No other call waits for the network, for a disk or for a thread that does:
//! what is wanted is noted, and made good when it can be. A carrier begins with its first use: until then it has no thread
//! and no descriptor.
//!
//! # Threads and locks
//!
//! All calls may come from any thread at any time, several at once, and from inside a [`Take`] too: there nothing waits.
//! libham holds locks of its own in all of them but [`Carrier::settle`] and [`Carrier::linger`], also when it drops what
//! they gave; so a carrier calls nothing of libham's with a lock that it takes in such a call, with one exception:
//!
//! * A [`Take`] runs on a thread of the carrier's, or on the one that puts. It blocks for no longer than it takes to
//!   queue a message, and a carrier may hold no lock in it that its calls take. For one [`Take`] several threads may come.
//! * A [`Tell`] may run with the carrier's table of others locked: it asks the carrier nothing.
//!
//! # The end
//!
//! A [`Hearing`], a [`Way`] and an [`Announcement`] end when they are dropped, without waiting for the network. Once a
//! hearing has been dropped its [`Take`] does not run any more: the drop waits for the threads that are in it, but not for
//! its own. Carriers themselves live as long as the process.
//!
//! # Fork
//!
//! A child of a process that has used a carrier cannot use it: what it asks for is `EADDRNOTAVAIL`, what it reads is empty,
//! and what it drops stays. It waits for nothing, and disturbs the parent by nothing. A child may use one that its parent
//! has not used.
//!
//! # Errors
//!
//! Errors are an `errno`. `ENETUNREACH`: there is no way now; the carrier tries again by itself. `ENOBUFS`: there is no
//! room now. `EADDRNOTAVAIL`: not in this process. Any other is the system's. A panic of a carrier ends the call with
//! `ENOTRECOVERABLE` at most.
//!
//! # A library of its own
//!
//! A technology that is large is a shared object, which [`plugin::Plugin::open`] opens and `carrier::technology!` makes: the
//! same contract in C, over which no type of Rust passes. [`plugin`] is the side of libham, [`host`] that of the technology.

mod ffi;
mod frame;
mod heard;

pub use ffi::{host, plugin};
pub use frame::{Arrived, Frame, KEPT, LONG};
pub use heard::Heard;

#[doc(hidden)]
pub use ffi::{Table, provide};

use std::any::Any;
use std::io;
use std::sync::Arc;

/// Takes what is heard.
pub type Take = Box<dyn Fn(Arrived<'_>) + Send + Sync>;

/// Takes what becomes of other nodes.
pub type Tell = Arc<dyn Fn(Change) + Send + Sync>;

/// A group is heard until this is dropped.
pub type Hearing = Box<dyn Any + Send + Sync>;

/// This node is known as a source until this is dropped.
pub type Announcement = Box<dyn Any + Send + Sync>;

/// An Interface of a technology that knows groups by name. The contract is at the top of this crate.
pub trait Carrier: Send + Sync {
    /// Hears a group, or all of a namespace: from now on `take` gets the frames, those of this process too where their
    /// sender says so. For [`Heard::Group`] other nodes learn that this one listens.
    fn hear(&self, heard: Heard<'_>, take: Take) -> io::Result<Hearing>;

    /// A way out to a group.
    fn way(&self, group: &str) -> io::Result<Box<dyn Way>>;

    /// Lets other nodes know that this one is a source of a group.
    fn announce_sender(&self, group: &str) -> io::Result<Announcement> {
        let _ = group;
        Ok(Box::new(()))
    }

    /// Waits until all that is wanted is made so: while that cannot be, only for as long as the first use may take.
    fn settle(&self) {}

    /// Waits a moment until what was put is out: who put it is about to end.
    fn linger(&self) {}

    /// The group states that other nodes have, each once. From memory; who asks first may wait a little for what there is.
    fn states(&self) -> Vec<(Arc<str>, Role)> {
        Vec::new()
    }

    /// Tells of every change of [`Carrier::states`] from now on, first of what there is, and no longer whom it told before.
    fn watch(&self, tell: Tell) {
        drop(tell);
    }

    /// The nodes next to this one, all or those that have to do with a group, as ham-URIs. Waits as [`Carrier::states`] does,
    /// and so do those below.
    fn neighbors(&self, group: Option<&str>) -> Vec<String> {
        let _ = group;
        Vec::new()
    }

    /// The neighbours that a group, or any, is received from.
    fn parents(&self, group: Option<&str>) -> Vec<String> {
        let _ = group;
        Vec::new()
    }

    /// The neighbours that a group, or any, is passed on to.
    fn children(&self, group: Option<&str>) -> Vec<String> {
        let _ = group;
        Vec::new()
    }

    /// This node is the one that forwards the group, or any.
    fn designated(&self, group: Option<&str>) -> bool {
        let _ = group;
        false
    }
}

/// A way out to a group, until it is dropped.
pub trait Way: Send + Sync {
    /// Passes a frame on, to those whom `reach` says, with what its sender says of itself in `sources`. Neither waits for a receiver nor tells of one: it waits for room, where the
    /// configuration says so, for as long as that says; the first one also for the way to be open.
    fn put(&self, frame: Frame<'_>, sources: &[u8], reach: Reach) -> io::Result<()>;
}

/// A technology whose carriers are opened by their configuration.
pub trait Technology {
    /// Its name in `struct ifProp` and in the configuration, as `overlay`.
    const NAME: &'static str;

    /// Opens the carrier `name`, which starts nothing. The settings are those of its section, each with its key; a key with
    /// several values comes several times. The error is `key: what is wrong with it`.
    fn open(name: &str, settings: &[(&str, &str)]) -> Result<Box<dyn Carrier>, String>;
}

/// How far a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This process alone.
    Local,
    /// Everybody else.
    NotLocal,
    /// Everybody.
    All,
}

/// What other nodes do in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// They listen.
    Listener,
    /// They send.
    Sender,
}

/// What has become of all other nodes in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The Group Name in normal form.
    pub group: Arc<str>,
    /// What they do there.
    pub role: Role,
    /// The first one does it now, or the last one no more.
    pub present: bool,
}
