//! The protocol without a network: bytes, states, and Links on a LAN of the test's own.

mod crowd;
mod hosts;
mod lan;
mod links;
mod packets;
mod states;

use super::packet::{PlacedGroup, Roles};

const LISTENER: Roles = Roles { listener: true, sender: false };
const SENDER: Roles = Roles { listener: false, sender: true };
const BOTH: Roles = Roles { listener: true, sender: true };

fn group(name: &str, address: &str, roles: Roles) -> PlacedGroup {
    PlacedGroup { name: name.into(), address: address.parse().unwrap(), roles }
}

/// The group of a number.
fn numbered(number: usize, roles: Roles) -> PlacedGroup {
    let [a, b] = (number as u16).to_be_bytes();
    group(&format!("ham:opaque:group-{number}"), &format!("239.192.{a}.{b}"), roles)
}
