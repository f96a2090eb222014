//! A multicast socket (RFC 7046 §3.2) as its users see it.
//!
//! The data path (`send`, `receive`) reads immutable snapshots and takes no lock. Everything that changes state goes
//! through the one control lock of the process, which is why `fork` can be made safe: it waits for that lock.

pub mod handles;

use crate::config;
use crate::control::{self, Halves};
use crate::core::Core;
use crate::counters::{InterfaceStatistics, Statistics};
use crate::error::Result;
use crate::mapping::{self, Mapped};
use crate::name::Name;
use crate::receive::{Inbound, Inbox, Received, WantedGroup};
use crate::send::{Outbound, Route};
use crate::technology::Carrier;
use std::mem::MaybeUninit;
use std::sync::Arc;
use sys::handle::Handle;

/// A multicast socket.
pub struct MulticastSocket(Halves);

impl MulticastSocket {
    /// Over the Interfaces `ifs` (the default ones when it is empty), with the queue of this inbox.
    fn open(number: i32, handle: Handle, ifs: &[u32], inbox: &'static Inbox) -> Result<MulticastSocket> {
        let core = Arc::new(Core::new(number, handle, config::get()?));
        let inbound = Arc::new(Inbound::new(core.clone(), inbox));
        let outbound = Arc::new(Outbound::new(core.clone()));
        let socket = MulticastSocket(Halves { core, inbound, outbound });
        control::enter(socket.0.clone(), ifs).inspect_err(|_| socket.end())?;
        Ok(socket)
    }

    fn core(&self) -> &Core {
        &self.0.core
    }

    /// Ends the socket: every call that waits on it returns `EBADF`; its descriptors close when the last has left.
    /// The number that the application holds is not touched.
    fn end(&self) {
        let Halves { core, inbound, outbound } = &self.0;
        // Those of an inherited socket are the child's own.
        let outlets = control::outlets(core);
        outlets.iter().for_each(|outlet| outlet.flush(outbound));
        if !core.is_inherited() {
            control::technologies(core).1.into_iter().for_each(Carrier::linger);
        }
        core.delete();
        control::remove(core);
        // What waits there holds its way out, and that holds the outlet.
        outlets.iter().for_each(|outlet| outlet.abandon());
        inbound.end();
    }

    /// Subscribes to a group on every Interface of the socket that can carry it (RFC 7046 §4.4.3).
    pub fn join(&self, uri: &[u8]) -> Result<()> {
        let name = Name::parse(uri)?;
        let mapped = self.map(&name)?;
        control::join(self.core(), &name, mapped)
    }

    /// Maps a name for the technologies that the socket has. May resolve a DNS name.
    fn map(&self, name: &Name) -> Result<Mapped> {
        let (ip, carriers) = control::technologies(self.core());
        let mapped = mapping::map(name, &self.core().config.rules, ip)?;
        match &mapped.unplaced {
            Some(why) if carriers.is_empty() => Err(why.clone()),
            _ => Ok(mapped),
        }
    }

    /// Ends the subscription (RFC 7046 §4.4.4).
    pub fn leave(&self, uri: &[u8]) -> Result<()> {
        let name = Name::parse(uri)?;
        control::with(self.core(), |control| control.leave(&name))
    }

    /// Registers as a source (RFC 7046 §4.4.5). Gives the Interfaces where it failed.
    pub fn src_register(&self, uri: &[u8]) -> Result<Vec<u32>> {
        let name = Name::parse(uri)?;
        let mapped = self.map(&name)?;
        control::src_register(self.core(), &name, mapped)
    }

    /// Ends the registration (RFC 7046 §4.4.6). Gives the Interfaces where it failed.
    pub fn src_deregister(&self, uri: &[u8]) -> Result<Vec<u32>> {
        let name = Name::parse(uri)?;
        self.flush_bundles();
        control::with(self.core(), |control| control.src_deregister(&name)).map(|()| Vec::new())
    }

    /// Opens the route for a URI, and keeps it.
    #[cold]
    fn make_route(&self, uri: &[u8]) -> Result<Arc<Route>> {
        let name = Name::parse(uri)?;
        let mapped = match control::known(self.core(), name.normal()) {
            // Resolved once, at join. What is sent is sealed as this URI says, not as the one that was joined.
            Some(mapped) => {
                let (framing, raw) = mapping::framing(&name, &self.core().config.rules)?;
                Mapped { framing, raw, ..mapped }
            }
            None => self.map(&name)?,
        };
        control::open_route(self.core(), uri, &name, mapped)
    }

    /// Takes the next message of any joined group, or of the group `uri` (RFC 7046 §4.5.2). Returns its length.
    #[inline]
    pub fn receive(&self, uri: Option<&[u8]>, buf: &mut [MaybeUninit<u8>]) -> Result<usize> {
        let Some(uri) = uri else { return self.0.inbound.receive(None, buf) };
        let joined = |name: &str| control::joined(self.core(), name);
        self.0.inbound.receive(Some(WantedGroup { uri, joined: &joined }), buf)
    }

    /// As [`MulticastSocket::receive`], and says for which group and from whom.
    pub fn receive_from(&self, uri: Option<&[u8]>, buf: &mut [MaybeUninit<u8>]) -> Result<Received> {
        let joined = |name: &str| control::joined(self.core(), name);
        self.0.inbound.receive_from(uri.map(|uri| WantedGroup { uri, joined: &joined }), buf)
    }

    /// The ids of the socket's Interfaces (RFC 7046 §4.6.1).
    pub fn interfaces(&self) -> Result<Vec<u32>> {
        control::look(self.core(), |control| Ok(control.interface_ids()))
    }

    /// Adds an Interface, with all groups of the socket (RFC 7046 §4.6.2).
    pub fn add_interface(&self, id: u32) -> Result<()> {
        control::with(self.core(), |control| control.add_interface(id))
    }

    /// Takes an Interface away, with its memberships (RFC 7046 §4.6.3).
    pub fn del_interface(&self, id: u32) -> Result<()> {
        self.flush_bundles();
        control::with(self.core(), |control| control.del_interface(id))
    }

    /// What waits in bundles was meant for the ways out as they are now.
    fn flush_bundles(&self) {
        control::outlets(self.core()).iter().for_each(|outlet| outlet.flush(&self.0.outbound));
    }

    /// Sets the hop limit on `ifs`, or on every Interface of the socket when that is empty (RFC 7046 §4.6.4).
    pub fn set_ttl(&self, value: u8, ifs: &[u32]) -> Result<()> {
        control::with(self.core(), |control| control.set_ttl(value, ifs))
    }

    /// The largest hop limit in force (RFC 7046 §4.6.5).
    pub fn ttl(&self) -> Result<u8> {
        control::look(self.core(), |control| Ok(control.ttl()))
    }

    /// The longest message, in bytes, that now travels unfragmented on every Interface of the socket
    /// (RFC 7046 §4.6.6).
    pub fn atomic_size(&self) -> Result<usize> {
        control::look(self.core(), |control| control.atomic_size())
    }

    /// The counters.
    pub fn statistics(&self) -> Result<Statistics> {
        Ok(self.0.inbound.statistics())
    }

    /// The counters at one Interface of the socket.
    pub fn interface_statistics(&self, id: u32) -> Result<InterfaceStatistics> {
        self.0.inbound.count_all_drops();
        control::look(self.core(), |control| control.counters(id)).map(|counters| counters.read())
    }
}
