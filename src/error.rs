//! The one error type. Every error knows the `errno` that the C caller reads (contract: README, "Errors").

use std::fmt;
use std::io;
use sys::failure::Failure;

/// What went wrong, with a sentence for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No such multicast socket, or it was deleted meanwhile (`EBADF`).
    NoSuchSocket,
    /// A malformed ham-URI or argument (`EINVAL`); the text says what is wrong where.
    Invalid(String),
    /// No such Interface (`ENODEV`).
    NoSuchInterface(u32),
    /// Not joined, not registered, not an Interface of the socket, or no Interface can carry the group
    /// (`EADDRNOTAVAIL`).
    NotAvailable(String),
    /// The message is too long for the call (`EMSGSIZE`).
    MessageSize(usize),
    /// `O_NONBLOCK` is set and nothing can be done now (`EAGAIN`).
    WouldBlock,
    /// The credentials in the URI do not allow it (`EACCES`).
    Credentials(String),
    /// The system's own error; the text says which call, Interface, group and limit.
    System {
        /// The system's `errno`.
        errno: i32,
        /// What was being done, and what can be done about it.
        doing: String,
    },
}

/// The result of every fallible operation of the library.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The `errno` value that the C interface reports.
    pub fn errno(&self) -> i32 {
        match self {
            Error::NoSuchSocket => libc::EBADF,
            Error::Invalid(_) => libc::EINVAL,
            Error::NoSuchInterface(_) => libc::ENODEV,
            Error::NotAvailable(_) => libc::EADDRNOTAVAIL,
            Error::MessageSize(_) => libc::EMSGSIZE,
            Error::WouldBlock => libc::EAGAIN,
            Error::Credentials(_) => libc::EACCES,
            Error::System { errno, .. } => *errno,
        }
    }

    /// True when nothing went wrong but the time: the same call can do it a little later.
    pub fn is_for_now(&self) -> bool {
        matches!(self, Error::WouldBlock | Error::System { errno: libc::EINTR, .. })
    }

    /// The system's last error, met while `doing` something.
    pub fn system(doing: impl Into<String>) -> Error {
        Error::from_io(&io::Error::last_os_error(), doing)
    }

    /// An [`io::Error`], met while `doing` something.
    pub fn from_io(error: &io::Error, doing: impl Into<String>) -> Error {
        Error::System { errno: error.raw_os_error().unwrap_or(libc::EIO), doing: doing.into() }
    }
}

/// An error that may be a limit of the system: says which, and how to raise it.
pub fn limit_error(error: &io::Error, doing: &str) -> Error {
    let advice = match error.raw_os_error() {
        Some(libc::EMFILE) => ": the process has no descriptor left (RLIMIT_NOFILE); raise it with ulimit -n",
        Some(libc::ENFILE) => ": the system has no descriptor left; raise it with sysctl fs.file-max",
        Some(libc::ENOBUFS | libc::ENOMEM) => {
            ": a limit of the kernel (net.ipv4.igmp_max_memberships, net.ipv4.igmp_max_msf, \
             net.ipv6.mld_max_msf, net.core.optmem_max)"
        }
        _ => "",
    };
    Error::from_io(error, format!("{doing}{advice}"))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoSuchSocket => f.write_str("no such multicast socket"),
            Error::Invalid(text) | Error::NotAvailable(text) | Error::Credentials(text) => f.write_str(text),
            Error::NoSuchInterface(id) => write!(f, "no Interface has the id {id}"),
            Error::MessageSize(limit) => write!(f, "the message is longer than {limit} bytes"),
            Error::WouldBlock => f.write_str("it would block, and O_NONBLOCK is set"),
            Error::System { errno, doing } => {
                write!(f, "{doing}: {}", io::Error::from_raw_os_error(*errno))
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error::System { errno: failure.errno, doing: failure.doing }
    }
}
