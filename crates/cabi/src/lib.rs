//! The C boundary of every library of the house; it knows none of them.
//!
//! An exported function is a leaf: it runs its body in [`guard()`], checks what it was passed with [`args`], calls the library,
//! and hands out results as [`lists`] or [`text`]. How an error looks from C is the library's own: it implements [`ToC`] for
//! its error, with [`errno`] and [`last`] at hand.
#![allow(unsafe_code)]

pub mod args;
pub mod errno;
mod fault;
mod guard;
pub mod last;
pub mod lists;
pub mod text;

pub use fault::Fault;
pub use guard::{ToC, guard};
