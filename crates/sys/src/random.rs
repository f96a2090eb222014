//! Random numbers of the system's, fit for keys and for ids that nobody else has.

use std::io;

/// `N` random bytes. Errors: when the system has none.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}
