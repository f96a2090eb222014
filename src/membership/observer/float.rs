//! The times in queries: small ones as they are, large ones with an exponent (RFC 3376 §4.1.1, RFC 3810 §5.1.3).

/// Of eight bits, 0 to 31,744.
pub fn eight(code: u8) -> u32 {
    if code < 128 {
        return code.into();
    }
    u32::from(code & 15 | 16) << ((code >> 4 & 7) + 3)
}

/// Of sixteen bits, 0 to 8,387,584.
pub fn sixteen(code: u16) -> u32 {
    if code < 0x8000 {
        return code.into();
    }
    u32::from(code & 0xfff | 0x1000) << ((code >> 12 & 7) + 3)
}

#[cfg(test)]
mod tests {
    use super::{eight, sixteen};

    #[test]
    fn fixed_values() {
        assert_eq!([0, 100, 127, 128, 0x8f, 0x90, 0xff].map(eight), [0, 100, 127, 128, 248, 256, 31_744]);
        assert_eq!([0, 10_000, 0x7fff, 0x8000, 0xffff].map(sixteen), [0, 10_000, 32_767, 32_768, 8_387_584]);
    }

    #[test]
    fn they_never_go_down() {
        assert!((0..255u8).all(|code| eight(code) <= eight(code + 1)));
        assert!((0..u16::MAX).all(|code| sixteen(code) <= sixteen(code + 1)));
    }
}
