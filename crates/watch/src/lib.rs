//! The devices, addresses, links and routes of a network namespace, and who is told when they change.
//!
//! A [`Namespace`] answers questions; a [`Watch`] tells any number of subscribers what changes, each what its [`Filter`]
//! lets pass. Shared by all libraries of the house; it knows none of them.

#![forbid(unsafe_code)]

mod change;
mod device;
mod filter;
mod link;
mod namespace;
mod table;
mod watch;

pub use change::Change;
pub use device::{Device, MAX_DATAGRAM, usable};
pub use filter::Filter;
pub use link::{Bridge, NextHop, Querier};
pub use namespace::{Namespace, by_name, device, devices, route_gateway, route_towards};
pub use watch::{Subscription, Watch};
