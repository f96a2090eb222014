//! Group states: the service calls (RFC 7046 §4.7) and membership events (§4.3.2).

pub mod carried;
pub mod events;
pub mod kernel;
pub mod known;
pub mod observer;
mod others;
pub mod service;
