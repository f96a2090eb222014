//! The C boundary: the 23 functions of RFC 7046 Appendix A, in its order, and the extras of libhamx.
//!
//! Leaf shims only: guard, check the pointers, call the core, set `errno`. Nothing inside the library calls one. Every
//! `unsafe` here passes on what the header asks of the C caller: his pointers are NULL, or as they are documented.
//! The comments of the exported items become `include/ham.h`, `include/hamx.h` and the manual pages, so they speak C.
#![allow(unsafe_code, non_snake_case)]

mod errors;
mod ids;
mod uri;

mod constants;

mod sockets;

mod groups;

mod data;

mod interfaces;

mod options;

mod service;

mod events;

mod size;

#[cfg(feature = "hamx")]
mod extras;
