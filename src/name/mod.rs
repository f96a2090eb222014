//! Group Names: the ham-URI (RFC 7046 §4.2).

/// The size of a buffer that holds any ham-URI with its NUL.
pub const URI_MAX: usize = 1024;
