//! A multicast socket (RFC 7046 §3.2): what the data path reads, and the control state behind it.
//!
//! Two halves. The data path (`send`, `receive`) reads immutable snapshots and takes no lock. Everything that changes
//! state goes through the one control lock of the process, which is why `fork` can be made safe: it waits for that lock.

use crate::config::{self, Config};
use crate::control::{self, Control};
use crate::counters::{Counters, InterfaceStatistics, Statistics};
use crate::error::{Result, limit_error};
use crate::handles::{Entry, Slot};
use crate::mapping::{self, Mapped};
use crate::name::Name;
use crate::receive::{Filter, Hunch};
use crate::shards::Shards;
use crate::technology::Carrier;
use crate::technology::ip::Receiver;
use arc_swap::{ArcSwap, ArcSwapOption};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use sys::handle::Handle;

/// A message's length, group and Interface.
#[derive(Debug, Clone)]
pub struct Received {
    /// The message's length in bytes.
    pub len: usize,
    /// The joined Group Name (normal form) that it came for.
    pub group: Arc<str>,
    /// The Interface that it came in by.
    pub interface: u32,
    /// The sender's address and port; 0.0.0.0 and 0 when a plain `receive` had read the message ahead.
    pub from: SocketAddr,
}

/// What a multicast socket is made of, before it has its slot.
pub(crate) struct Prepared {
    config: &'static Config,
    control: Control,
    number: i32,
    handle: Handle,
}

impl Prepared {
    /// The descriptor for the application.
    pub fn number(&self) -> i32 {
        self.number
    }
}

/// A multicast socket.
pub struct MulticastSocket {
    /// Unlike the handle, never used twice.
    pub(crate) id: u64,
    /// The descriptor that the application holds.
    number: i32,
    pub(crate) handle: Handle,
    pub(crate) config: &'static Config,
    pub(crate) deleted: AtomicBool,
    /// The fork generation that created it.
    generation: u32,
    pub(crate) counters: Counters,

    // What `receive` reads.
    pub(crate) receivers: ArcSwap<Vec<Arc<Receiver>>>,
    /// The token of the receiver that was readable last.
    pub(crate) hot: AtomicU64,
    /// Where the queue is.
    pub(crate) slot: &'static Slot,
    /// For so many calls more it is likely that they have to wait.
    pub(crate) waits: AtomicU32,
    /// How many threads sleep in `receive`.
    pub(crate) sleeping: AtomicUsize,
    /// Whether it pays to read busily before that.
    pub(crate) hunch: Hunch,

    pub(crate) last_filter: ArcSwapOption<Filter>,
    /// `receive_from` was called: messages that are read ahead are read with their senders.
    pub(crate) wants_origins: AtomicBool,
    /// Carriers bring messages too, or did: they come into the queue on other threads.
    pub(crate) carried: AtomicBool,

    // What `send` reads.
    pub(crate) routes: Shards<Arc<Entry>>,
    /// Routes of an older generation are not used any more.
    pub(crate) route_generation: AtomicU32,
    pub(crate) route_count: AtomicUsize,
    /// The address of the route that a search found last, and how often in a row.
    pub(crate) found: AtomicUsize,
    pub(crate) found_times: AtomicUsize,
}

impl MulticastSocket {
    /// What a multicast socket over `ifs` (the default Interfaces when empty) is made of.
    pub(crate) fn prepare(ifs: &[u32]) -> Result<Prepared> {
        let config = config::get()?;
        control::prepare_for_fork();
        let control = Control::new(ifs, config)?;
        let (number, handle) = Handle::create().map_err(|e| limit_error(&e, "createMSocket"))?;
        Ok(Prepared { config, control, number, handle })
    }

    /// Makes the multicast socket, with the queue of this slot.
    pub(crate) fn open(prepared: Prepared, slot: &'static Slot) -> Arc<MulticastSocket> {
        let Prepared { config, control, number, handle } = prepared;
        static IDS: AtomicU64 = AtomicU64::new(1);
        let socket = Arc::new(MulticastSocket {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            number,
            handle,
            config,
            deleted: AtomicBool::new(false),
            generation: sys::fork::generation(),
            counters: Counters::default(),
            receivers: ArcSwap::default(),
            hot: AtomicU64::new(0),
            slot,
            waits: AtomicU32::new(0),
            sleeping: AtomicUsize::new(0),
            hunch: Hunch::default(),
            last_filter: ArcSwapOption::const_empty(),
            wants_origins: AtomicBool::new(false),
            carried: AtomicBool::new(false),
            // Most programs send to one group or a few.
            routes: Shards::new(256),
            route_generation: AtomicU32::new(0),
            route_count: AtomicUsize::new(0),
            found: AtomicUsize::new(0),
            found_times: AtomicUsize::new(0),
        });
        socket.take_over_queue();
        control::enter(&socket, control);
        socket
    }

    /// Ends the socket: every call that waits on it returns `EBADF`; its descriptors close when the last has left.
    /// The number that the application holds is not touched.
    pub(crate) fn end(&self) {
        // Those of an inherited socket are the child's own.
        let outlets = control::outlets(self);
        outlets.iter().for_each(|outlet| outlet.flush(self));
        if !self.is_inherited() {
            control::technologies(self).1.into_iter().for_each(Carrier::linger);
        }
        self.deleted.store(true, Ordering::SeqCst);
        control::remove(self);
        // What waits there holds its way out, and that holds the outlet.
        outlets.iter().for_each(|outlet| outlet.abandon());
        if !self.is_inherited() {
            self.handle.ring();
            for receiver in self.receivers.load().iter() {
                self.count_drops(receiver);
                receiver.live.store(false, Ordering::Release);
                sys::udp::shut(&receiver.fd);
            }
        }
        self.receivers.store(Arc::default());
        self.last_filter.store(None);
        self.give_up_queue();
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// True while the application's descriptor is still this socket's: it may have been closed by mistake, and its
    /// number given to something else.
    pub(crate) fn is_held(&self) -> bool {
        self.handle.is(self.number)
    }

    /// True in a child of the process that created the socket.
    pub(crate) fn is_inherited(&self) -> bool {
        self.generation != sys::fork::generation()
    }

    /// Subscribes to a group on every Interface of the socket that can carry it (RFC 7046 §4.4.3).
    pub fn join(&self, uri: &[u8]) -> Result<()> {
        let name = Name::parse(uri)?;
        let mapped = self.map(&name)?;
        control::join(self, &name, mapped)
    }

    /// Maps a name for the technologies that the socket has. May resolve a DNS name.
    pub(crate) fn map(&self, name: &Name) -> Result<Mapped> {
        let (ip, carriers) = control::technologies(self);
        let mapped = mapping::map(name, self.config, ip)?;
        match &mapped.unplaced {
            Some(why) if carriers.is_empty() => Err(why.clone()),
            _ => Ok(mapped),
        }
    }

    /// Ends the subscription (RFC 7046 §4.4.4).
    pub fn leave(&self, uri: &[u8]) -> Result<()> {
        let name = Name::parse(uri)?;
        control::with(self, |control| control.leave(self, &name))
    }

    /// Registers as a source (RFC 7046 §4.4.5). Gives the Interfaces where it failed.
    pub fn src_register(&self, uri: &[u8]) -> Result<Vec<u32>> {
        let name = Name::parse(uri)?;
        let mapped = self.map(&name)?;
        control::src_register(self, &name, mapped)
    }

    /// Ends the registration (RFC 7046 §4.4.6). Gives the Interfaces where it failed.
    pub fn src_deregister(&self, uri: &[u8]) -> Result<Vec<u32>> {
        let name = Name::parse(uri)?;
        self.flush_bundles();
        control::with(self, |control| control.src_deregister(self, &name)).map(|()| Vec::new())
    }

    /// The ids of the socket's Interfaces (RFC 7046 §4.6.1).
    pub fn interfaces(&self) -> Result<Vec<u32>> {
        control::look(self, |control| Ok(control.interface_ids()))
    }

    /// Adds an Interface, with all groups of the socket (RFC 7046 §4.6.2).
    pub fn add_interface(&self, id: u32) -> Result<()> {
        control::with(self, |control| control.add_interface(self, id))
    }

    /// Takes an Interface away, with its memberships (RFC 7046 §4.6.3).
    pub fn del_interface(&self, id: u32) -> Result<()> {
        self.flush_bundles();
        control::with(self, |control| control.del_interface(self, id))
    }

    /// What waits in bundles was meant for the ways out as they are now.
    fn flush_bundles(&self) {
        control::outlets(self).iter().for_each(|outlet| outlet.flush(self));
    }

    /// Sets the hop limit on `ifs`, or on every Interface of the socket when that is empty (RFC 7046 §4.6.4).
    pub fn set_ttl(&self, value: u8, ifs: &[u32]) -> Result<()> {
        control::with(self, |control| control.set_ttl(self, value, ifs))
    }

    /// The largest hop limit in force (RFC 7046 §4.6.5).
    pub fn ttl(&self) -> Result<u8> {
        control::look(self, |control| Ok(control.ttl()))
    }

    /// The longest message, in bytes, that now travels unfragmented on every Interface of the socket
    /// (RFC 7046 §4.6.6).
    pub fn atomic_size(&self) -> Result<usize> {
        control::look(self, |control| control.atomic_size())
    }

    /// The counters.
    pub fn statistics(&self) -> Result<Statistics> {
        for receiver in self.receivers.load().iter() {
            self.count_drops(receiver);
        }
        let (counted, frames) = (self.counters.read(), self.frame_counts());
        let (taken, dropped_by_library) = self.queue_counts();
        Ok(Statistics {
            received: counted.received + taken,
            dropped_by_library,
            duplicates: frames.duplicates,
            lost: frames.lost,
            refused: frames.refused,
            ..counted
        })
    }

    /// The counters at one Interface of the socket.
    pub fn interface_statistics(&self, id: u32) -> Result<InterfaceStatistics> {
        for receiver in self.receivers.load().iter() {
            self.count_drops(receiver);
        }
        control::look(self, |control| control.counters(id)).map(|counters| counters.read())
    }
}
