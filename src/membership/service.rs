//! The service calls (RFC 7046 §4.7.1 to §4.7.5).
#![allow(missing_docs, unused_variables)]
use crate::error::Result;

/// `HAM_LISTENER`, `HAM_SENDER`, `HAM_SENDER_LISTENER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum GroupType {
    Listener = 0,
    Sender = 1,
    SenderListener = 2,
}
pub fn group_set(interface: u32) -> Result<Vec<(String, GroupType)>> {
    Ok(Vec::new())
}
pub fn neighbor_set(interface: u32, group: Option<&[u8]>) -> Result<Vec<String>> {
    Ok(Vec::new())
}
pub fn children_set(interface: u32, group: Option<&[u8]>) -> Result<Vec<String>> {
    Ok(Vec::new())
}
pub fn parent_set(interface: u32, group: Option<&[u8]>) -> Result<Vec<String>> {
    Ok(Vec::new())
}
pub fn designated_host(interface: u32, group: Option<&[u8]>) -> Result<bool> {
    Ok(false)
}
