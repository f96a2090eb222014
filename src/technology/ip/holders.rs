//! The sockets that hold memberships for shared receivers, and are never read.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use sys::udp::{self, Membership};

/// Memberships for shared receivers, spread over as many sockets as the system's limits ask for.
#[derive(Default)]
pub struct Holders {
    holders: Vec<Option<Holder>>,
    /// Which of them has a membership; several, when several Group Names have it.
    at: HashMap<Membership, Vec<usize>>,
}

struct Holder {
    fd: OwnedFd,
    v6: bool,
    // On one IPv4 socket a source-specific join would change what an any-source join means.
    specific: bool,
    count: usize,
    full: bool,
}

impl Holders {
    /// Joins on a holder that has room, or on a new one.
    pub fn join(&mut self, membership: &Membership) -> io::Result<()> {
        let (v6, specific) = (membership.group.is_ipv6(), membership.source.is_some());
        for (i, slot) in self.holders.iter_mut().enumerate().rev() {
            let Some(holder) = slot else { continue };
            if holder.full || holder.v6 != v6 || holder.specific != specific {
                continue;
            }
            match udp::join(&holder.fd, membership) {
                Ok(()) => {
                    holder.count += 1;
                    self.at.entry(*membership).or_default().push(i);
                    return Ok(());
                }
                // igmp_max_memberships, igmp_max_msf or optmem_max: room elsewhere.
                Err(e) if matches!(e.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM)) => {
                    holder.full = true;
                }
                // Another Group Name holds this very membership here.
                Err(e) if matches!(e.raw_os_error(), Some(libc::EADDRINUSE | libc::EADDRNOTAVAIL)) => {}
                Err(e) => return Err(e),
            }
        }
        let fd = udp::socket(membership.group)?;
        udp::join(&fd, membership)?;
        let holder = Some(Holder { fd, v6, specific, count: 1, full: false });
        let free = self.holders.iter().position(Option::is_none).unwrap_or(self.holders.len());
        if free == self.holders.len() {
            self.holders.push(holder);
        } else {
            self.holders[free] = holder;
        }
        self.at.entry(*membership).or_default().push(free);
        Ok(())
    }

    /// Leaves where this membership is held.
    pub fn leave(&mut self, membership: &Membership) {
        let Some(places) = self.at.get_mut(membership) else { return };
        let place = places.pop();
        if places.is_empty() {
            self.at.remove(membership);
        }
        let Some(slot) = place.and_then(|i| self.holders.get_mut(i)) else { return };
        let Some(holder) = slot else { return };
        let _ = udp::leave(&holder.fd, membership);
        holder.full = false;
        holder.count -= 1;
        if holder.count == 0 {
            *slot = None;
        }
    }
}
