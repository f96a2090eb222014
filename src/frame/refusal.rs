//! Why a frame is refused, in words for the log.

use std::fmt;

/// Why a frame was refused. Its text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Shorter than its header.
    Short,
    /// Of this version, which is not 1.
    Version(u8),
    /// With flags that version 1 does not have, or that exclude each other.
    Flags(u8),
    /// Sealed with an algorithm of this number, which is not known here.
    Algorithm(u8),
    /// A field is outside its range.
    Malformed(&'static str),
    /// Sealed, in a group that was joined without credentials.
    Sealed,
    /// Plain, in a group that was joined with credentials.
    Plain,
    /// Sealed with another algorithm than that of the group's credentials.
    OtherAlgorithm,
    /// The authenticator does not fit: another key, or a forgery.
    Unauthentic,
    /// A fragment that contradicts the other fragments of its message.
    Contradiction,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Short => {
                f.write_str("a datagram too short for a frame: something else sends to this port")
            }
            Refusal::Version(version) => {
                write!(f, "a frame of version {version}, or no frame: update the older side")
            }
            Refusal::Flags(flags) => {
                write!(f, "a frame with unknown flags {flags:#04x}: update the older side")
            }
            Refusal::Algorithm(code) => {
                write!(f, "a frame sealed with unknown algorithm {code}: update the older side")
            }
            Refusal::Malformed(what) => write!(f, "a malformed frame ({what}): look for a faulty sender"),
            Refusal::Sealed => f.write_str("a sealed frame: join with the group's credentials"),
            Refusal::Plain => f.write_str("a frame that is not sealed: send with the group's credentials"),
            Refusal::OtherAlgorithm => {
                f.write_str("a frame sealed with another algorithm: use the same credentials on all sides")
            }
            Refusal::Unauthentic => {
                f.write_str("a frame of another key, or a forged one: use the same credentials on all sides")
            }
            Refusal::Contradiction => {
                f.write_str("fragments that contradict each other: a faulty sender, or forged frames")
            }
        }
    }
}
