//! libham: the common multicast API of RFC 7046.
//!
//! The way of the data. *join*: `capi` -> `socket` -> `name` -> `mapping` -> `control` -> `technology`, where it takes a seat.
//! *send*: the handle, the route by the URI's bytes, one system call per Interface. *receive*: what waits in the library, else
//! one read, and waiting only when that finds nothing. Work belongs to join and option time, never to a message.

pub mod config;
pub mod counters;
pub mod error;
pub mod frame;
pub mod group;
pub mod interfaces;
pub mod mapping;
pub mod membership;
pub mod name;
pub mod presence;
pub mod socket;

mod capi;
mod control;
mod core;
mod lend;
mod receive;
mod send;
mod settings;
mod shards;
mod technology;
mod watching;
