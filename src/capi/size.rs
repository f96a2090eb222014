//! getMaxMsgSize (RFC 7046 §4.7.8).

use crate::frame::MAX_MESSAGE;
use libc::c_int;

/// Gives the size of the longest message
///
/// The length in bytes of the longest message that send() takes: 65507, for the life of the process
/// and on every technology. A buffer of this size holds every message.
///
/// # Return value
/// 65507. The call cannot fail.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.7.8.
#[unsafe(no_mangle)]
pub extern "C" fn getMaxMsgSize() -> c_int {
    MAX_MESSAGE as c_int
}
