//! The checks of what a C caller passes. The lifetimes are the call's own.

use crate::error::{Error, Result};
use crate::name::URI_MAX;
use std::ffi::c_char;
use std::slice;

/// More ids than this are no list of Interfaces but a wild length.
const IDS_MAX: usize = 1 << 16;

/// The bytes of a ham-URI; no more than `URI_MAX` are looked at.
pub fn uri<'a>(pointer: *const c_char) -> Result<&'a [u8]> {
    optional_uri(pointer)?.ok_or_else(|| null("the Group Name"))
}

/// The same, where NULL stands for any group.
pub fn optional_uri<'a>(pointer: *const c_char) -> Result<Option<&'a [u8]>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller passes a string that ends with a NUL; `strnlen` reads up to that or to the limit.
    let len = unsafe { libc::strnlen(pointer, URI_MAX) };
    if len == URI_MAX {
        return Err(Error::Invalid(format!("the Group Name has no NUL within {URI_MAX} bytes")));
    }
    // SAFETY: `len` bytes at `pointer` were just read.
    Ok(Some(unsafe { slice::from_raw_parts(pointer.cast(), len) }))
}

/// An array of Interface ids that the call reads.
pub fn ids<'a>(count: usize, pointer: *const u32) -> Result<&'a [u32]> {
    if count == 0 {
        return Ok(&[]);
    }
    check_ids(count, pointer)?;
    // SAFETY: the caller passes an array of `count` ids.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// An array of Interface ids that the call fills.
pub fn ids_out<'a>(count: usize, pointer: *mut u32) -> Result<&'a mut [u32]> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_ids(count, pointer)?;
    // SAFETY: the caller passes an array of `count` ids, his alone during the call.
    Ok(unsafe { slice::from_raw_parts_mut(pointer, count) })
}

/// The place that takes a result.
pub fn out<'a, T>(pointer: *mut T, what: &str) -> Result<&'a mut T> {
    if !pointer.is_aligned() {
        return Err(Error::Invalid(format!("{what} is at an address of odd alignment")));
    }
    // SAFETY: not NULL by the check of `as_mut`; the caller passes a place for a `T`, his alone during the call.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(what))
}

fn check_ids(count: usize, pointer: *const u32) -> Result<()> {
    if pointer.is_null() {
        return Err(Error::Invalid(format!("{count} Interfaces are announced, and their array is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(Error::Invalid("the array of Interfaces is at an address of odd alignment".to_string()));
    }
    if count > IDS_MAX {
        return Err(Error::Invalid(format!(
            "{count} Interfaces are more than the {IDS_MAX} that a call takes"
        )));
    }
    Ok(())
}

fn null(what: &str) -> Error {
    Error::Invalid(format!("{what} is NULL"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn a_uri_ends_within_its_limit() {
        let mut bytes = vec![b'a'; URI_MAX];
        assert!(uri(bytes.as_ptr().cast()).is_err());
        bytes[URI_MAX - 1] = 0;
        assert_eq!(uri(bytes.as_ptr().cast()).unwrap().len(), URI_MAX - 1);
        assert!(uri(ptr::null()).is_err());
        assert_eq!(optional_uri(ptr::null()), Ok(None));
    }

    #[test]
    fn a_count_needs_an_array() {
        assert_eq!(ids(0, ptr::null()), Ok(&[][..]));
        assert!(ids(1, ptr::null()).is_err());
        let list = [5u32, 6];
        assert_eq!(ids(2, list.as_ptr()), Ok(&list[..]));
        assert!(ids(usize::MAX, list.as_ptr()).is_err());
        assert!(ids(1, ptr::without_provenance(3)).is_err());
    }
}
