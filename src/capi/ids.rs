//! The arrays of Interface ids that a C caller passes.

use crate::error::Result;
use cabi::args;

/// More ids than this are no list of Interfaces but a wild length.
const IDS_MAX: usize = 1 << 16;

const WHAT: &str = "Interfaces";

/// An array of Interface ids that the call reads.
///
/// # Safety
/// As [`args::array()`].
pub unsafe fn read_ids<'a>(count: usize, pointer: *const u32) -> Result<&'a [u32]> {
    // SAFETY: the caller's promise.
    Ok(unsafe { args::array(count, pointer, IDS_MAX, WHAT) }?)
}

/// An array of Interface ids that the call fills.
///
/// # Safety
/// As [`args::array_out()`].
pub unsafe fn ids_to_fill<'a>(count: usize, pointer: *mut u32) -> Result<&'a mut [u32]> {
    // SAFETY: the caller's promise.
    Ok(unsafe { args::array_out(count, pointer, IDS_MAX, WHAT) }?)
}
