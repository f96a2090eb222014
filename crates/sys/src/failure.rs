//! What the system refused, with what was being done: enough for the error of any library.

use std::fmt;
use std::io;

/// A failed system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The system's `errno`.
    pub errno: i32,
    /// What was being done.
    pub doing: String,
}

/// The result of what asks the kernel.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// An [`io::Error`], met while `doing` something.
    pub fn from_io(error: &io::Error, doing: impl Into<String>) -> Failure {
        Failure { errno: error.raw_os_error().unwrap_or(libc::EIO), doing: doing.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, io::Error::from_raw_os_error(self.errno))
    }
}

impl std::error::Error for Failure {}
