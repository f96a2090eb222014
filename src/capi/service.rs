//! groupSet, neighborSet, childrenSet, parentSet, designatedHost (RFC 7046 §4.7.1 to §4.7.5).
#![allow(unexpected_cfgs)]

use super::errors::guard;
use super::uri::read_optional_uri;
use crate::error::Result;
use crate::membership::service;
use cabi::{args, lists};
use libc::{c_char, c_int};

/// A group and what this node does in it.
// cbindgen makes a guard of this `cfg`, for programs that include hamx.h as well.
#[cfg(not(ham_types))]
#[repr(C)]
pub struct GroupSet {
    /// The Group Name, inside the block that groupSet() gave.
    pub group_uri: *mut c_char,
    /// HAM_LISTENER, HAM_SENDER or HAM_SENDER_LISTENER.
    pub r#type: c_int,
}

/// Lists the groups at an Interface
///
/// Lists every multicast group that has a state at an Interface, with what there is: listeners,
/// senders or both. It knows the multicast sockets of this process with their Group Names; the
/// memberships of all other programs of the host, from the kernel's tables; those of other hosts on
/// the link, from what they say in IGMP and MLD; and what a multicast router's forwarding cache and
/// a bridge's table hold. All but the first have addresses only, and stand as `ham:ip:GROUP` or
/// `ham:ip:GROUP@SOURCE`; other hosts' groups stand under this process's own Group Name of that
/// address and source, where there is just one. With presence (`HAM_PRESENCE=1`, off by default)
/// libham's processes on other hosts tell their Group Names themselves, listeners and senders, and
/// a group that they listen to stands under these names instead of its address.
///
/// Other hosts are observed from the first service call or enableEvents() on, if the process has
/// CAP_NET_RAW; without it the log says so (level info), and only this host is known. Nothing is
/// sent, and no call waits: a host is known once it was heard, at the latest when it answers the
/// next query of the link's querier (125 s by default); by presence, within 0.3 s on a small
/// network. A crashed host is forgotten after the querier's time (260 s by default), by presence
/// after 3 s (up to 15 s with a thousand processes). A switch that snoops keeps reports from hosts;
/// then a router, the switch itself, or a host at a port that the switch takes for a router's can
/// observe them, and every host hears presence. The groups by which IPv6 itself works (ff02::1 and
/// the solicited-node groups) are left out of what other hosts have.
///
/// # Parameters
/// - `iface`: the Interface id.
/// - `num_groups`: takes the number of groups.
/// - `groups`: takes the address of an array of that many elements. The array and its strings are
///   one malloc() block, which the caller releases with one free(); NULL when there are none.
///   Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EINVAL`: `num_groups` or `groups` is NULL.
/// - `ENODEV`: no such Interface.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.7.1.
#[unsafe(no_mangle)]
pub extern "C" fn groupSet(iface: u32, num_groups: *mut usize, groups: *mut *mut GroupSet) -> c_int {
    guard(|| {
        // SAFETY: as ham.h asks of the caller.
        let count = unsafe { args::out(num_groups, "the place of the number of groups") }?;
        // SAFETY: as ham.h asks of the caller.
        let array = unsafe { args::out(groups, "the place of the groups") }?;
        let list = service::group_set(iface)?;
        *array = lists::records(&list, |group_uri, group_type| GroupSet {
            group_uri,
            r#type: group_type as c_int,
        })?;
        *count = list.len();
        Ok(0)
    })
}

/// Lists the multicast neighbors at an Interface
///
/// Lists the nodes next to this host that take part in multicast at an Interface, as far as this
/// host knows them (see groupSet()): the listeners on the link, those that parentSet() gives, the
/// querier, the PIM routers that say Hello, and with presence every host where libham says that it
/// is there; of one group those that take part in it, and those with a priority as designated
/// forwarder (HAM_PRESENCE_PRIORITY). A node of technology "ip" is given by its address,
/// such as `ham:ip:10.0.0.1` or `ham:ip:[fe80::1]`; in IPv6 hosts report by link-local ones.
///
/// `*neighbor_uris` points to NUL-terminated strings, one behind the other; walk them with
/// `HAM_NEXT_URI()`:
///
///     size_t n; char *block, *uri;
///     if (neighborSet(iface, NULL, &n, &block) == 0) {
///         for (uri = block; n > 0; n--, uri = HAM_NEXT_URI(uri))
///             puts(uri);
///         free(block);
///     }
///
/// # Parameters
/// - `iface`: the Interface id.
/// - `group_name`: NULL for all neighbors, or the Group Name of a group to which they must have a
///   part. It stays the caller's.
/// - `num_neighbors`: takes the number of neighbors.
/// - `neighbor_uris`: takes the address of that many strings, one malloc() block, which the caller
///   releases with one free(); NULL when there are none. Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EINVAL`: `num_neighbors` or `neighbor_uris` is NULL; `group_name` has no NUL within
///   `HAM_URI_MAX` bytes, or is no ham-URI of a group.
/// - `ENODEV`: no such Interface.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn neighborSet(
    iface: u32,
    group_name: *const c_char,
    num_neighbors: *mut usize,
    neighbor_uris: *mut *mut c_char,
) -> c_int {
    nodes(service::neighbor_set, iface, group_name, num_neighbors, neighbor_uris)
}

/// Lists the receivers behind an Interface
///
/// Lists the nodes that receive what this host sends or forwards to a group at an Interface:
/// itself, by its own address there, when one of its programs has joined; and the hosts on the link
/// that have joined, by their addresses, as far as they are known (see groupSet()). Receivers of
/// which only the forwarding cache or the bridge knows, and neither names them one by one, stand as
/// the link's all-hosts group, `ham:ip:224.0.0.1` or `ham:ip:[ff02::1]`, as do hosts that have left
/// out their address or keep silent behind the reports of another one (IGMPv2, MLDv1). The strings
/// are laid out as by neighborSet().
///
/// # Parameters
/// - `iface`: the Interface id.
/// - `group_name`: the Group Name, or NULL for any group. It stays the caller's.
/// - `num_children`: takes the number of nodes.
/// - `children_uris`: takes the address of that many strings, one malloc() block, which the caller
///   releases with one free(); NULL when there are none. Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EINVAL`: `num_children` or `children_uris` is NULL; `group_name` has no NUL within
///   `HAM_URI_MAX` bytes, or is no ham-URI of a group.
/// - `ENODEV`: no such Interface.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.7.3.
#[unsafe(no_mangle)]
pub extern "C" fn childrenSet(
    iface: u32,
    group_name: *const c_char,
    num_children: *mut usize,
    children_uris: *mut *mut c_char,
) -> c_int {
    nodes(service::children_set, iface, group_name, num_children, children_uris)
}

/// Lists where data of a group comes from
///
/// Lists the nodes from which this host receives multicast data of a group at an Interface: by its
/// forwarding cache, for a source-specific membership the next node towards the source, and with
/// presence the hosts that say that they send. The strings are laid out as by neighborSet().
///
/// # Parameters
/// - `iface`: the Interface id.
/// - `group_name`: the Group Name, or NULL for any group. It stays the caller's.
/// - `num_parents`: takes the number of nodes.
/// - `parents_uris`: takes the address of that many strings, one malloc() block, which the caller
///   releases with one free(); NULL when there are none. Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EINVAL`: `num_parents` or `parents_uris` is NULL; `group_name` has no NUL within
///   `HAM_URI_MAX` bytes, or is no ham-URI of a group.
/// - `ENODEV`: no such Interface.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.7.4.
#[unsafe(no_mangle)]
pub extern "C" fn parentSet(
    iface: u32,
    group_name: *const c_char,
    num_parents: *mut usize,
    parents_uris: *mut *mut c_char,
) -> c_int {
    nodes(service::parent_set, iface, group_name, num_parents, parents_uris)
}

/// Says whether this host forwards a group
///
/// Tells whether this host forwards a group out at an Interface, as a multicast router does, or is
/// the querier of the link, or the one that the hosts with presence have elected: of those with a
/// HAM_PRESENCE_PRIORITY above 0 the highest one, then the lowest address, in each family for
/// itself. It is elected a second after it began, when it knows the others (up to 5 s with a
/// thousand processes); when it crashes, the next one follows after 3 s (15 s). Of a group that its
/// forwarding cache does not hold it tells whether it forwards there at all and is the designated
/// router, by priority, then address, among the PIM routers that were heard there.
///
/// # Parameters
/// - `iface`: the Interface id.
/// - `group_name`: the Group Name, or NULL for any group. It stays the caller's.
///
/// # Return value
/// 1 when it is, 0 when it is not, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EINVAL`: `group_name` has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a group.
/// - `ENODEV`: no such Interface.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.7.5.
#[unsafe(no_mangle)]
pub extern "C" fn designatedHost(iface: u32, group_name: *const c_char) -> c_int {
    guard(|| {
        // SAFETY: as ham.h asks of the caller.
        let group = unsafe { read_optional_uri(group_name) }?;
        service::designated_host(iface, group).map(c_int::from)
    })
}

type NodesOf = fn(u32, Option<&[u8]>) -> Result<Vec<String>>;

fn nodes(
    of: NodesOf,
    iface: u32,
    group_name: *const c_char,
    num_nodes: *mut usize,
    node_uris: *mut *mut c_char,
) -> c_int {
    guard(|| {
        // SAFETY: as ham.h asks of the caller.
        let group = unsafe { read_optional_uri(group_name) }?;
        // SAFETY: as ham.h asks of the caller.
        let count = unsafe { args::out(num_nodes, "the place of the number of nodes") }?;
        // SAFETY: as ham.h asks of the caller.
        let uris = unsafe { args::out(node_uris, "the place of the nodes") }?;
        let list = of(iface, group)?;
        *uris = lists::strings(&list)?;
        *count = list.len();
        Ok(0)
    })
}
