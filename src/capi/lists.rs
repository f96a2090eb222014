//! Lists for a C caller: one `malloc` block each, released by one `free()`; an empty list is NULL.

use crate::error::{Error, Result};
use std::alloc::Layout;
use std::ffi::c_char;
use std::mem::size_of;
use std::ptr;

/// Interface ids, one behind the other.
pub fn ids(list: &[u32]) -> Result<*mut u32> {
    let block: *mut u32 = block(Layout::array::<u32>(list.len()))?.cast();
    if !list.is_empty() {
        // SAFETY: the block was made for as many ids.
        unsafe { ptr::copy_nonoverlapping(list.as_ptr(), block, list.len()) };
    }
    Ok(block)
}

/// NUL-terminated strings, one behind the other.
pub fn strings(list: &[String]) -> Result<*mut c_char> {
    let block = block(Layout::array::<u8>(list.iter().map(|s| s.len() + 1).sum()))?;
    let mut end = block;
    for string in list {
        // SAFETY: the block was made for all of them, each with its NUL.
        end = unsafe { put(end, string) };
    }
    Ok(block.cast())
}

/// Records, each made by `record` from where its string stands in the same block, behind the
/// records.
pub fn records<R, V: Copy>(list: &[(String, V)], record: impl Fn(*mut c_char, V) -> R) -> Result<*mut R> {
    let strings: usize = list.iter().map(|(s, _)| s.len() + 1).sum();
    let layout = Layout::from_size_align(list.len() * size_of::<R>() + strings, align_of::<R>());
    let first: *mut R = block(layout)?.cast();
    if list.is_empty() {
        return Ok(first);
    }
    // SAFETY: the strings begin where the last record ends.
    let mut end: *mut u8 = unsafe { first.add(list.len()) }.cast();
    for (index, (string, value)) in list.iter().enumerate() {
        // SAFETY: `index` is below the count that the block was made for.
        unsafe { first.add(index).write(record(end.cast(), *value)) };
        // SAFETY: the block was made for all strings, each with its NUL.
        end = unsafe { put(end, string) };
    }
    Ok(first)
}

fn block<E>(layout: std::result::Result<Layout, E>) -> Result<*mut u8> {
    let size = layout.map(|layout| layout.size()).unwrap_or(usize::MAX);
    if size == 0 {
        return Ok(ptr::null_mut());
    }
    // SAFETY: malloc takes every size, and its alignment suits every type of this interface.
    let block: *mut u8 = unsafe { libc::malloc(size) }.cast();
    if block.is_null() {
        return Err(Error::System { errno: libc::ENOMEM, doing: format!("a list of {size} bytes") });
    }
    Ok(block)
}

/// Writes `string` with a NUL and gives the place behind it.
///
/// # Safety
/// `to` has room for the string and the NUL.
unsafe fn put(to: *mut u8, string: &str) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        ptr::copy_nonoverlapping(string.as_ptr(), to, string.len());
        let end = to.add(string.len());
        end.write(0);
        end.add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn text(pointer: *const c_char) -> String {
        // SAFETY: the tests pass what the functions above made.
        unsafe { CStr::from_ptr(pointer) }.to_str().unwrap().to_string()
    }

    #[test]
    fn empty_lists_are_null() {
        assert!(ids(&[]).unwrap().is_null());
        assert!(strings(&[]).unwrap().is_null());
        assert!(records(&[], |_, v: u8| v).unwrap().is_null());
    }

    #[test]
    fn strings_stand_one_behind_the_other() {
        let block = strings(&["ab".to_string(), String::new(), "c".to_string()]).unwrap();
        // SAFETY: the block holds "ab\0\0c\0".
        let (second, third) = unsafe { (block.add(3), block.add(4)) };
        assert_eq!([text(block), text(second), text(third)], ["ab", "", "c"]);
        // SAFETY: it came from malloc.
        unsafe { libc::free(block.cast()) };
    }

    #[test]
    fn records_point_into_their_block() {
        let list = [("one".to_string(), 1), ("three".to_string(), 3)];
        let block = records(&list, |string, value| (string, value)).unwrap();
        for (index, (string, value)) in list.iter().enumerate() {
            // SAFETY: the block holds two records.
            let record = unsafe { &*block.add(index) };
            assert_eq!((text(record.0), record.1), (string.clone(), *value));
        }
        // SAFETY: it came from malloc.
        unsafe { libc::free(block.cast()) };
    }
}
