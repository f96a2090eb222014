//! What can be wrong at the boundary itself.

use std::fmt;

/// Why a call fails before or behind the library's own work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An argument that no caller may pass; the sentence says which one, and what is wrong with it.
    Argument(String),
    /// There is no memory for a list of so many bytes.
    Memory(usize),
    /// A defect of the library: the call ended in a panic.
    Panic,
}

/// The result of a check.
pub type Result<T> = std::result::Result<T, Fault>;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Argument(sentence) => f.write_str(sentence),
            Fault::Memory(bytes) => write!(f, "a list of {bytes} bytes"),
            Fault::Panic => f.write_str("a call ended in a panic"),
        }
    }
}

impl std::error::Error for Fault {}
