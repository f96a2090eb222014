//! The service calls (RFC 7046 §4.7.1 to §4.7.5): what this host knows of groups and neighbours at an Interface,
//! from its own multicast sockets, from the kernel's tables, and of other nodes from what was heard of them. All of it is
//! there already: no call waits for the network.

mod designated;
mod groups;
mod nodes;
mod question;

pub use designated::designated_host;
pub use groups::{GroupType, group_set};
pub use nodes::{children_set, neighbor_set, parent_set};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::{self, Families};

    #[test]
    fn questions_that_make_no_sense_are_refused() {
        let lo = watch::by_name("lo").unwrap().unwrap().index;
        for bad in [&b"ham:"[..], b"", b"ham:ip:10.0.0.1", b"\xff\xff", b"http://x/"] {
            assert_eq!(neighbor_set(lo, Some(bad)).unwrap_err().errno(), libc::EINVAL, "{bad:?}");
            assert_eq!(children_set(lo, Some(bad)).unwrap_err().errno(), libc::EINVAL);
            assert_eq!(parent_set(lo, Some(bad)).unwrap_err().errno(), libc::EINVAL);
            assert_eq!(designated_host(lo, Some(bad)).unwrap_err().errno(), libc::EINVAL);
        }
        for nobody in [0, 0x7fff_fff0, 0x1000_0000, u32::MAX, lo | 0x0500_0000] {
            assert_eq!(group_set(nobody).unwrap_err().errno(), libc::ENODEV);
            assert_eq!(designated_host(nobody, None).unwrap_err().errno(), libc::ENODEV);
        }
    }

    #[test]
    fn loopback_has_the_all_hosts_group_in_each_family() {
        let lo = watch::by_name("lo").unwrap().unwrap().index;
        let names = |id| group_set(id).unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(names(lo).iter().any(|n| n == "ham:ip:224.0.0.1"));
        let v6 = names(interfaces::encode(lo, Families::V6));
        assert!(v6.iter().all(|n| n.contains('[')), "{v6:?}");
    }
}
