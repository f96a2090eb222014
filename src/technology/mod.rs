//! The distribution technologies. Each says how it opens a group and how it sends to one.

pub mod ip;
