//! Membership events (RFC 7046 §4.3.2, §4.7.6).
#![allow(missing_docs, unused_variables)]
use crate::error::Result;

/// What happened (the numbers are those of `ham.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EventType {
    Join = 0,
    Leave = 1,
    NewSource = 2,
}

/// The C callback: event type, Interface id, Group Name.
pub type Callback = extern "C" fn(i32, u32, *const std::ffi::c_char);

/// Replaces the callback (`None` takes it away).
pub fn register(callback: Option<Callback>) -> Result<()> {
    Ok(())
}
pub fn enable() -> Result<()> {
    Ok(())
}
pub fn disable() -> Result<()> {
    Ok(())
}
/// Called by the sockets at every change of their own group states. Never blocks.
pub fn emit(event: EventType, ifindex: u32, address: std::net::IpAddr, name: &str) {}
/// Called by the interface watch when the kernel's tables change, for whichever process.
pub fn kernel_change(change: &crate::interfaces::watch::Change) {}
pub fn forget_after_fork() {}
