//! The Group Names that a C caller passes.

use crate::error::Result;
use crate::name::URI_MAX;
use cabi::args;
use std::ffi::c_char;

const WHAT: &str = "the Group Name";

/// The bytes of a ham-URI; no more than `URI_MAX` are looked at.
///
/// # Safety
/// As [`read_optional_uri`].
#[inline]
pub unsafe fn read_uri<'a>(pointer: *const c_char) -> Result<&'a [u8]> {
    // SAFETY: the caller's promise.
    unsafe { read_optional_uri(pointer) }?.ok_or_else(|| args::null(WHAT).into())
}

/// The same, where NULL stands for any group.
///
/// # Safety
/// `pointer` is NULL, or points to a string that ends with a NUL and that nobody changes during `'a`.
#[inline]
pub unsafe fn read_optional_uri<'a>(pointer: *const c_char) -> Result<Option<&'a [u8]>> {
    // SAFETY: the caller's promise.
    Ok(unsafe { args::string(pointer, URI_MAX, WHAT) }?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn a_uri_ends_within_its_limit() {
        let mut bytes = vec![b'a'; URI_MAX];
        // SAFETY: as many bytes as are looked at.
        assert!(unsafe { read_uri(bytes.as_ptr().cast()) }.is_err());
        bytes[URI_MAX - 1] = 0;
        // SAFETY: it ends with a NUL.
        assert_eq!(unsafe { read_uri(bytes.as_ptr().cast()) }.unwrap().len(), URI_MAX - 1);
        // SAFETY: NULL is allowed.
        unsafe {
            assert!(read_uri(ptr::null()).is_err());
            assert_eq!(read_optional_uri(ptr::null()), Ok(None));
        }
    }
}
