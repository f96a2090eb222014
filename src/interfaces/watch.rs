//! The interface watch: one thread that hears from the kernel (rtnetlink) what changes and passes it on.
//!
//! The thread starts when something needs it, holds no lock while it waits, and takes a burst of changes as one.

use super::link;
use crate::error::{Error, Result};
use crate::presence;
use arc_swap::ArcSwapOption;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use sys::fork::Hook;
use sys::netlink::{Heard, Listener, attributes, ip, u32_at};
use sys::thread;

/// Something that changed on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A device appeared, or changed its name, state or MTU.
    Link {
        /// The kernel's index.
        index: u32,
        /// The name now.
        name: String,
        /// Set up by the administrator.
        up: bool,
        /// Up, and with a carrier.
        running: bool,
        /// In bytes.
        mtu: u32,
        /// It has an IPv6 side now.
        ipv6: bool,
    },
    /// A device vanished.
    Gone {
        /// The index that it had.
        index: u32,
        /// The name that it had.
        name: String,
    },
    /// An address came (also: became usable) or went.
    Address {
        /// The device.
        index: u32,
        /// It came.
        added: bool,
        /// The address.
        addr: IpAddr,
    },
    /// Routes changed; once for any number of them.
    Routes,
    /// This host joined or left a Group Address at a device, for whichever process.
    Group {
        /// The device.
        ifindex: u32,
        /// The Group Address.
        address: IpAddr,
        /// Joined, else left.
        joined: bool,
    },
    /// A bridge's member table changed; once for any number of entries.
    Members,
    /// A multicast forwarding cache changed; once for any number of entries.
    Forwarding,
    /// Changes were lost: whatever was learned before must be read anew.
    Resync,
}

// linux/rtnetlink.h; the libc crate has only some of them.
const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV4_MROUTE: u32 = 6;
const RTNLGRP_IPV4_ROUTE: u32 = 7;
const RTNLGRP_IPV6_IFADDR: u32 = 9;
const RTNLGRP_IPV6_MROUTE: u32 = 10;
const RTNLGRP_IPV6_ROUTE: u32 = 11;
const RTNLGRP_MDB: u32 = 26;
const RTNLGRP_IPV4_MCADDR: u32 = 37;
const RTNLGRP_IPV6_MCADDR: u32 = 38;

const RTM_NEWMULTICAST: u16 = 56;
const RTM_DELMULTICAST: u16 = 57;
const RTM_NEWMDB: u16 = 84;
const RTM_DELMDB: u16 = 85;
const IFA_MULTICAST: u16 = 7;
const RTNL_FAMILY_IPMR: u8 = 128;
const RTNL_FAMILY_IP6MR: u8 = 129;

const IDLE: u32 = 0;
const STARTING: u32 = 1;
const RUNNING: u32 = 2;

// Atomics only: a lock could be left held in a forked child.
static STATE: AtomicU32 = AtomicU32::new(IDLE);
static ON_CHANGE: ArcSwapOption<fn(&Change)> = ArcSwapOption::const_empty();

/// Passes every change of devices, addresses and routes from now on to `on_change`, in the watch's own thread; once it
/// is given, it stays. When this returns, no later change is missed. ([`Change::Group`], [`Change::Members`] and
/// [`Change::Forwarding`] go to the membership events only.)
pub fn start(on_change: fn(&Change)) -> Result<()> {
    if ON_CHANGE.load().is_none() {
        ON_CHANGE.store(Some(Arc::new(on_change)));
    }
    run()
}

/// Starts the watch without a function of one's own: membership events only.
pub fn run() -> Result<()> {
    ON_FORK.set();
    loop {
        match STATE.compare_exchange(IDLE, STARTING, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => break,
            Err(RUNNING) => return Ok(()),
            // Another thread is opening the socket: a few system calls.
            Err(_) => std::thread::sleep(Duration::from_micros(100)),
        }
    }
    let started = listen().and_then(|listener| {
        let thread = thread::spawn("ham-watch", move || watch(listener));
        thread.map_err(|e| Error::from_io(&e, "starting the interface watch"))
    });
    STATE.store(if started.is_ok() { RUNNING } else { IDLE }, Ordering::Release);
    started.map(drop)
}

static ON_FORK: Hook = Hook::in_child(forget_after_fork);

/// A forked child has no thread but its own: the watch can be started anew.
extern "C" fn forget_after_fork() {
    STATE.store(IDLE, Ordering::Release);
}

fn listen() -> Result<Listener> {
    let always =
        [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE];
    let where_known =
        [RTNLGRP_IPV4_MROUTE, RTNLGRP_IPV6_MROUTE, RTNLGRP_MDB, RTNLGRP_IPV4_MCADDR, RTNLGRP_IPV6_MCADDR];
    Ok(Listener::open(&always, &where_known)?)
}

fn watch(mut listener: Listener) {
    loop {
        match burst(&listener) {
            Ok(changes) => changes.iter().for_each(publish),
            Err(e) => {
                log::error!("interface watch: {e}; trying again in a second");
                std::thread::sleep(Duration::from_secs(1));
                if let Ok(new) = listen() {
                    listener = new;
                    publish(&Change::Resync);
                }
            }
        }
    }
}

/// Waits for changes and takes all there are.
fn burst(listener: &Listener) -> Result<Vec<Change>> {
    let mut changes = Changes::default();
    changes.add(listener.wait()?);
    while let Some(heard) = listener.poll()? {
        changes.add(heard);
    }
    Ok(changes.finish())
}

fn publish(change: &Change) {
    use crate::membership::{events::kernel_change, observer};
    match change {
        Change::Link { .. }
        | Change::Gone { .. }
        | Change::Address { .. }
        // Where a multicast router of this host begins or ends to forward.
        | Change::Forwarding
        | Change::Resync => {
            observer::devices_changed();
        }
        _ => {}
    }
    match change {
        Change::Group { .. } | Change::Members | Change::Forwarding => return kernel_change(change),
        Change::Gone { .. } | Change::Resync => kernel_change(change),
        _ => {}
    }
    presence::devices_changed();
    if let Some(on_change) = ON_CHANGE.load_full() {
        on_change(change);
    }
}

#[derive(Default)]
struct Changes {
    list: Vec<Change>,
    routes: bool,
    members: bool,
    forwarding: bool,
    overrun: bool,
}

impl Changes {
    fn add(&mut self, heard: Heard) {
        let Heard::Messages(messages) = heard else {
            self.overrun = true;
            return;
        };
        for message in messages {
            match change(message.kind, &message.body) {
                Some(Change::Routes) => self.routes = true,
                Some(Change::Members) => self.members = true,
                Some(Change::Forwarding) => self.forwarding = true,
                Some(change) if self.list.last() != Some(&change) => self.list.push(change),
                _ => {}
            }
        }
    }

    /// In the kernel's order, what stands for many at the end.
    fn finish(mut self) -> Vec<Change> {
        self.list.extend(self.routes.then_some(Change::Routes));
        self.list.extend(self.members.then_some(Change::Members));
        self.list.extend(self.forwarding.then_some(Change::Forwarding));
        self.list.extend(self.overrun.then_some(Change::Resync));
        self.list
    }
}

/// What a message of the kernel says; `None` when it is nothing that matters here, or cut short.
pub fn change(kind: u16, body: &[u8]) -> Option<Change> {
    let family = *body.first()?;
    match kind {
        // A bridge says with its own family that a port left it: the device is still there.
        libc::RTM_NEWLINK | libc::RTM_DELLINK if i32::from(family) == libc::AF_UNSPEC => {
            let link = link::link(body)?;
            if kind == libc::RTM_DELLINK {
                return Some(Change::Gone { index: link.index, name: link.name });
            }
            let up = link.flags & libc::IFF_UP as u32 != 0;
            let running = up && link.flags & libc::IFF_RUNNING as u32 != 0;
            let link::Link { index, name, mtu, ipv6, .. } = link;
            Some(Change::Link { index, name, up, running, mtu, ipv6 })
        }
        libc::RTM_NEWADDR | libc::RTM_DELADDR => {
            let link::Address { index, address, .. } = link::address(body)?;
            Some(Change::Address { index, added: kind == libc::RTM_NEWADDR, addr: address })
        }
        libc::RTM_NEWROUTE | libc::RTM_DELROUTE => match family {
            RTNL_FAMILY_IPMR | RTNL_FAMILY_IP6MR => Some(Change::Forwarding),
            _ => Some(Change::Routes),
        },
        RTM_NEWMDB | RTM_DELMDB => Some(Change::Members),
        RTM_NEWMULTICAST | RTM_DELMULTICAST => {
            let ifindex = u32_at(body, 4)?;
            let address = attributes(body.get(8..)?).find(|(attribute, _)| *attribute == IFA_MULTICAST)?;
            let address = ip(address.1)?;
            Some(Change::Group { ifindex, address, joined: kind == RTM_NEWMULTICAST })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::netlink::{Message, push_attribute};

    #[test]
    fn the_members_of_a_bridge_are_not_what_is_forwarded() {
        assert_eq!(change(RTM_NEWMDB, &[libc::AF_BRIDGE as u8]), Some(Change::Members));
        assert_eq!(change(libc::RTM_NEWROUTE, &[RTNL_FAMILY_IPMR]), Some(Change::Forwarding));
        assert_eq!(change(libc::RTM_DELROUTE, &[RTNL_FAMILY_IP6MR]), Some(Change::Forwarding));
        assert_eq!(change(libc::RTM_DELROUTE, &[libc::AF_INET as u8]), Some(Change::Routes));
    }

    fn link_message(kind: u16, family: u8) -> Message {
        let mut body = vec![0; 16];
        body[0] = family;
        body[4] = 9;
        body[8] = (libc::IFF_UP | libc::IFF_RUNNING) as u8;
        push_attribute(&mut body, 3, b"v0\0");
        push_attribute(&mut body, 4, &1400u32.to_ne_bytes());
        Message { kind, body }
    }

    fn read(message: &Message) -> Option<Change> {
        change(message.kind, &message.body)
    }

    #[test]
    fn a_port_that_leaves_its_bridge_is_not_gone() {
        let gone = Change::Gone { index: 9, name: "v0".into() };
        assert_eq!(read(&link_message(libc::RTM_DELLINK, 0)), Some(gone));
        assert_eq!(read(&link_message(libc::RTM_DELLINK, libc::AF_BRIDGE as u8)), None);
    }

    #[test]
    fn every_cut_of_a_message_is_harmless() {
        let mut group = vec![libc::AF_INET as u8, 32, 0, 0, 9, 0, 0, 0];
        push_attribute(&mut group, IFA_MULTICAST, &[239, 1, 2, 3]);
        let joined = Message { kind: RTM_NEWMULTICAST, body: group };
        let address = "239.1.2.3".parse().unwrap();
        assert_eq!(read(&joined), Some(Change::Group { ifindex: 9, address, joined: true }));
        for message in [joined, link_message(libc::RTM_NEWLINK, 0)] {
            for end in 0..message.body.len() {
                let _ = change(message.kind, &message.body[..end]);
            }
        }
    }

    #[test]
    fn a_burst_is_taken_as_one() {
        let mut changes = Changes::default();
        let route = Message { kind: libc::RTM_NEWROUTE, body: vec![libc::AF_INET as u8; 12] };
        let link = link_message(libc::RTM_NEWLINK, 0);
        changes.add(Heard::Messages(vec![link.clone(), route.clone(), link.clone()]));
        changes.add(Heard::Overrun);
        changes.add(Heard::Messages(vec![route, link_message(libc::RTM_DELLINK, 0), link]));
        let kinds: Vec<String> = changes.finish().iter().map(|c| format!("{c:?}")).collect();
        let heads: Vec<&str> = kinds.iter().map(|k| k.split(' ').next().unwrap()).collect();
        assert_eq!(heads, ["Link", "Gone", "Link", "Routes", "Resync"]);
    }
}
