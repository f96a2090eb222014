//! What a subscriber wants to be told.

use crate::change::Change;

/// What a subscriber wants to be told; at first nothing. What nobody wants, the kernel is not asked to tell.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub(crate) topics: u8,
    indexes: Option<Vec<u32>>,
    pub(crate) replay: bool,
}

pub(crate) const LINKS: u8 = 1;
pub(crate) const ADDRESSES: u8 = 1 << 1;
pub(crate) const ROUTES: u8 = 1 << 2;
pub(crate) const GROUPS: u8 = 1 << 3;
pub(crate) const MEMBERS: u8 = 1 << 4;
pub(crate) const FORWARDING: u8 = 1 << 5;
pub(crate) const RESYNC: u8 = 1 << 6;

impl Filter {
    /// Nothing yet.
    pub const fn new() -> Filter {
        Filter { topics: 0, indexes: None, replay: false }
    }

    const fn with(mut self, topic: u8) -> Filter {
        self.topics |= topic;
        self
    }

    /// Devices: [`Change::Link`] and [`Change::Gone`].
    pub const fn links(self) -> Filter {
        self.with(LINKS)
    }

    /// [`Change::Address`].
    pub const fn addresses(self) -> Filter {
        self.with(ADDRESSES)
    }

    /// [`Change::Routes`].
    pub const fn routes(self) -> Filter {
        self.with(ROUTES)
    }

    /// What this host joins: [`Change::Group`], where the kernel tells.
    pub const fn groups(self) -> Filter {
        self.with(GROUPS)
    }

    /// The member tables of bridges: [`Change::Members`].
    pub const fn members(self) -> Filter {
        self.with(MEMBERS)
    }

    /// The multicast forwarding caches: [`Change::Forwarding`].
    pub const fn forwarding(self) -> Filter {
        self.with(FORWARDING)
    }

    /// [`Change::Resync`], after the differences have been told.
    pub const fn resync(self) -> Filter {
        self.with(RESYNC)
    }

    /// First the devices and addresses that there are, as if they came now, then [`Change::Complete`]: as far as links and
    /// addresses are wanted.
    pub const fn replay(mut self) -> Filter {
        self.replay = true;
        self
    }

    /// Of devices, addresses and groups only those at the devices with these indexes.
    pub fn at(mut self, indexes: impl IntoIterator<Item = u32>) -> Filter {
        self.indexes = Some(indexes.into_iter().collect());
        self
    }

    pub(crate) fn passes(&self, change: &Change) -> bool {
        let topic = match change {
            Change::Link { .. } | Change::Gone { .. } => LINKS,
            Change::Address { .. } => ADDRESSES,
            Change::Routes => ROUTES,
            Change::Group { .. } => GROUPS,
            Change::Members => MEMBERS,
            Change::Forwarding => FORWARDING,
            Change::Resync => RESYNC,
            Change::Complete => return self.replay,
        };
        let here = |index| self.indexes.as_ref().is_none_or(|indexes| indexes.contains(&index));
        self.topics & topic != 0 && change.index().is_none_or(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanted_passes() {
        let gone = |index| Change::Gone { index, name: "v".into() };
        let address = Change::Address { index: 2, added: true, addr: "10.0.0.1".parse().unwrap() };
        let group = Change::Group { ifindex: 3, address: "239.0.0.1".parse().unwrap(), joined: true };
        let all = [gone(2), gone(3), address, group, Change::Routes, Change::Members, Change::Forwarding];
        let passed =
            |filter: Filter| -> Vec<usize> { (0..all.len()).filter(|i| filter.passes(&all[*i])).collect() };
        assert_eq!(passed(Filter::new()), [] as [usize; 0]);
        assert_eq!(passed(Filter::new().links()), [0, 1]);
        assert_eq!(passed(Filter::new().links().addresses().at([2])), [0, 2]);
        assert_eq!(passed(Filter::new().groups().routes().at([2])), [4]);
        assert_eq!(passed(Filter::new().groups().members().forwarding()), [3, 5, 6]);
        assert!(
            !Filter::new().links().passes(&Change::Resync) && Filter::new().resync().passes(&Change::Resync)
        );
    }
}
