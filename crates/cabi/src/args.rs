//! The checks of what a C caller passes: NULL, alignment, wild counts.
//!
//! What is behind a pointer no check can tell, so these are `unsafe`: the caller's contract, which the library's header
//! says, is the one of each function here. The lifetimes are the call's own.

use crate::fault::{Fault, Result};
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::slice;

/// The bytes of a string, without its NUL; None for NULL. `what` names it in the error when no NUL is among its first
/// `limit` bytes; no more are looked at.
///
/// # Safety
/// `text` is NULL, or points to bytes that can be read up to a NUL or to `limit`, and that nobody changes during `'a`.
#[inline]
pub unsafe fn string<'a>(text: *const c_char, limit: usize, what: &str) -> Result<Option<&'a [u8]>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise; `strnlen` reads up to the NUL or to the limit.
    let len = unsafe { libc::strnlen(text, limit) };
    if len == limit {
        return Err(Fault::Argument(format!("{what} has no NUL within {limit} bytes")));
    }
    // SAFETY: `len` bytes were just read, and stay as they are by the caller's promise.
    Ok(Some(unsafe { slice::from_raw_parts(text.cast(), len) }))
}

/// The bytes that a call reads; none where `len` is 0, whatever `bytes` is.
///
/// # Safety
/// `bytes` is NULL, or points to `len` bytes that can be read and that nobody changes during `'a`.
#[inline]
pub unsafe fn bytes<'a>(len: usize, bytes: *const u8, what: &str) -> Result<&'a [u8]> {
    if len == 0 {
        return Ok(&[]);
    }
    check_bytes(len, bytes.is_null(), what)?;
    // SAFETY: not NULL; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(bytes, len) })
}

/// The buffer that a call fills; empty where `len` is 0, whatever `buffer` is.
///
/// # Safety
/// `buffer` is NULL, or points to `len` bytes that can be written and are the call's alone during `'a`.
#[inline]
pub unsafe fn buffer<'a>(len: usize, buffer: *mut u8, what: &str) -> Result<&'a mut [MaybeUninit<u8>]> {
    if len == 0 {
        return Ok(&mut []);
    }
    check_bytes(len, buffer.is_null(), what)?;
    // SAFETY: not NULL; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts_mut(buffer.cast(), len) })
}

/// An array that a call reads; empty where `count` is 0, whatever `array` is. `what` names the elements in an error; more
/// than `most` are no array but a wild count.
///
/// # Safety
/// `array` is NULL, or points to `count` initialised elements that nobody changes during `'a`.
pub unsafe fn array<'a, T>(count: usize, array: *const T, most: usize, what: &str) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    check_array(count, array, most, what)?;
    // SAFETY: not NULL, and aligned; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(array, count) })
}

/// An array that a call fills; as [`array()`].
///
/// # Safety
/// `array` is NULL, or points to `count` initialised elements that are the call's alone during `'a`.
pub unsafe fn array_out<'a, T>(count: usize, array: *mut T, most: usize, what: &str) -> Result<&'a mut [T]> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_array(count, array, most, what)?;
    // SAFETY: not NULL, and aligned; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts_mut(array, count) })
}

/// The place that takes a result. `what` names it in the error.
///
/// # Safety
/// `place` is NULL, or points to a valid `T` that is the call's alone during `'a`.
pub unsafe fn out<'a, T>(place: *mut T, what: &str) -> Result<&'a mut T> {
    if !place.is_aligned() {
        return Err(Fault::Argument(format!("{what} is at an address of odd alignment")));
    }
    // SAFETY: aligned; the rest is the caller's promise.
    unsafe { place.as_mut() }.ok_or_else(|| null(what))
}

/// The error of a NULL where `what` must be.
pub fn null(what: &str) -> Fault {
    Fault::Argument(format!("{what} is NULL"))
}

fn check_bytes(len: usize, null: bool, what: &str) -> Result<()> {
    if null {
        return Err(Fault::Argument(format!("{what} is NULL, and its length is {len}")));
    }
    if isize::try_from(len).is_err() {
        return Err(Fault::Argument(format!("{what} cannot have {len} bytes")));
    }
    Ok(())
}

fn check_array<T>(count: usize, array: *const T, most: usize, what: &str) -> Result<()> {
    if array.is_null() {
        return Err(Fault::Argument(format!("{count} {what} are announced, and their array is NULL")));
    }
    if !array.is_aligned() {
        return Err(Fault::Argument(format!("the array of {what} is at an address of odd alignment")));
    }
    if count > most {
        return Err(Fault::Argument(format!("{count} {what} are more than the {most} that a call takes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn a_string_ends_within_its_limit() {
        let mut text = *b"abcd";
        let read = |text: &[u8; 4]| {
            // SAFETY: four bytes can be read.
            unsafe { string(text.as_ptr().cast(), 4, "the name") }.map(|text| text.map(<[u8]>::to_vec))
        };
        assert_eq!(read(&text).unwrap_err().to_string(), "the name has no NUL within 4 bytes");
        text[3] = 0;
        assert_eq!(read(&text).unwrap().unwrap(), b"abc");
        text[0] = 0;
        assert_eq!(read(&text).unwrap().unwrap(), b"");
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { string(ptr::null(), 4, "the name") }, Ok(None));
    }

    #[test]
    fn bytes_need_a_pointer_when_there_are_some() {
        let mut place = *b"abc";
        let wild: *mut u8 = ptr::without_provenance_mut(1);
        // SAFETY: NULL is allowed, a wild length is refused, and of no bytes nothing is read.
        unsafe {
            assert_eq!(bytes(0, wild, "the message"), Ok(&[][..]));
            assert_eq!(bytes(3, place.as_ptr(), "the message"), Ok(&b"abc"[..]));
            assert!(bytes(3, ptr::null(), "the message").is_err());
            assert!(bytes(usize::MAX, place.as_ptr(), "the message").is_err());
            assert!(buffer(0, wild, "the buffer").unwrap().is_empty());
            assert!(buffer(1, ptr::null_mut(), "the buffer").is_err());
            assert!(buffer(usize::MAX, place.as_mut_ptr(), "the buffer").is_err());
            buffer(2, place.as_mut_ptr(), "the buffer").unwrap().fill(MaybeUninit::new(b'x'));
        }
        assert_eq!(&place, b"xxc");
    }

    #[test]
    fn a_count_needs_an_array() {
        let mut list = [5u32, 6];
        // SAFETY: NULL is allowed, a wild count or alignment refused, and of no elements nothing is read.
        unsafe {
            assert_eq!(array::<u32>(0, ptr::null(), 9, "ids"), Ok(&[][..]));
            assert_eq!(array(2, list.as_ptr(), 9, "ids"), Ok(&[5, 6][..]));
            let refused = |count, pointer| array::<u32>(count, pointer, 9, "ids").unwrap_err().to_string();
            assert_eq!(refused(1, ptr::null()), "1 ids are announced, and their array is NULL");
            assert_eq!(refused(10, list.as_ptr()), "10 ids are more than the 9 that a call takes");
            let odd = ptr::without_provenance(3);
            assert_eq!(refused(1, odd), "the array of ids is at an address of odd alignment");
            assert!(array_out::<u32>(0, ptr::null_mut(), 9, "ids").unwrap().is_empty());
            assert!(array_out::<u32>(1, ptr::null_mut(), 9, "ids").is_err());
            array_out(2, list.as_mut_ptr(), 9, "ids").unwrap()[1] = 7;
        }
        assert_eq!(list, [5, 7]);
    }

    #[test]
    fn a_result_needs_a_place() {
        let mut place = 5u32;
        // SAFETY: NULL is allowed, and odd alignment refused.
        unsafe {
            *out(&raw mut place, "the result").unwrap() = 6;
            let refused = |pointer: *mut u32| out(pointer, "the result").unwrap_err().to_string();
            assert_eq!(refused(ptr::null_mut()), "the result is NULL");
            let odd = ptr::without_provenance_mut(2);
            assert_eq!(refused(odd), "the result is at an address of odd alignment");
        }
        assert_eq!(place, 6);
    }
}
