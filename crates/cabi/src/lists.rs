//! Lists for a C caller: one `malloc` block each, released by one `free()`; an empty list is NULL.

use crate::fault::{Fault, Result};
use std::alloc::{Layout, LayoutError};
use std::ffi::c_char;
use std::ptr;

/// What `malloc` gives suits types of this alignment.
const MALLOC_ALIGN: usize = align_of::<libc::max_align_t>();

/// Numbers, or whatever else can be copied, one behind the other.
pub fn array<T: Copy>(list: &[T]) -> Result<*mut T> {
    const { assert!(align_of::<T>() <= MALLOC_ALIGN) };
    let block: *mut T = block(Layout::array::<T>(list.len()))?.cast();
    if !block.is_null() {
        // SAFETY: the block was made for as many.
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
    const { assert!(align_of::<R>() <= MALLOC_ALIGN) };
    let strings: usize = list.iter().map(|(s, _)| s.len() + 1).sum();
    let layout = Layout::array::<R>(list.len())
        .and_then(|records| Ok(records.extend(Layout::array::<u8>(strings)?)?.0));
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

fn block(layout: std::result::Result<Layout, LayoutError>) -> Result<*mut u8> {
    let size = layout.map(|layout| layout.size()).unwrap_or(usize::MAX);
    if size == 0 {
        return Ok(ptr::null_mut());
    }
    // SAFETY: malloc takes every size.
    let block: *mut u8 = unsafe { libc::malloc(size) }.cast();
    if block.is_null() {
        return Err(Fault::Memory(size));
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
        assert!(array::<u32>(&[]).unwrap().is_null());
        assert!(strings(&[]).unwrap().is_null());
        assert!(records(&[], |_, v: u8| v).unwrap().is_null());
    }

    #[test]
    fn an_array_is_a_copy() {
        let block = array(&[5u32, 6]).unwrap();
        // SAFETY: the block holds two numbers.
        assert_eq!(unsafe { [block.read(), block.add(1).read()] }, [5, 6]);
        // SAFETY: it came from malloc.
        unsafe { libc::free(block.cast()) };
    }

    #[test]
    fn what_memory_cannot_hold_is_an_error() {
        assert_eq!(block(Layout::array::<u64>(usize::MAX)), Err(Fault::Memory(usize::MAX)));
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
