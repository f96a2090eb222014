//! Memory by the page: anonymous, which costs nothing until it is touched, or shared with the kernel.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

/// A mapping of whole pages, filled with zeroes at first.
pub struct Region {
    base: *mut u8,
    len: usize,
}

// SAFETY: plain memory, owned by whoever has the region.
unsafe impl Send for Region {}

impl Region {
    /// Private memory.
    pub fn new(len: usize) -> io::Result<Region> {
        Region::map(len, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE, -1, 0)
    }

    /// What the kernel shares by a descriptor.
    pub fn shared(fd: &OwnedFd, offset: libc::off_t, len: usize) -> io::Result<Region> {
        Region::map(len, libc::MAP_SHARED | libc::MAP_POPULATE, fd.as_raw_fd(), offset)
    }

    fn map(len: usize, flags: libc::c_int, fd: libc::c_int, offset: libc::off_t) -> io::Result<Region> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping where the kernel likes; nothing else refers to it.
        let base = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, fd, offset) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Region { base: base.cast(), len })
    }

    /// Where it begins.
    pub fn base(&self) -> *mut u8 {
        self.base
    }

    /// Where a `T` at `offset` is. `None`: not within the region, or not aligned.
    pub fn at<T>(&self, offset: usize) -> Option<*mut T> {
        let end = offset.checked_add(size_of::<T>())?;
        (end <= self.len && offset % align_of::<T>() == 0).then(|| self.base.wrapping_add(offset).cast())
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `map`, unmapped once.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}
