//! The Group Addresses of names that say none: bits of the SHA-256 of the normal form.

use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The Group Addresses of the name with this normal form, of any source.
pub fn any_source(normal: &str) -> [IpAddr; 2] {
    let digest = digest(normal);
    // RFC 2365 §6.2, the organization local scope, without its last 256 addresses: §9 gives them to services.
    let mut id = first(&digest) & 0x3_ffff;
    if id >= 0x3_ff00 {
        id &= !0x2_0000;
    }
    let v4 = Ipv4Addr::from_bits(Ipv4Addr::new(239, 192, 0, 0).to_bits() | id);
    // RFC 4291 §2.7: not permanently assigned, site local scope.
    let mut v6 = [0; 16];
    v6[..2].copy_from_slice(&[0xff, 0x15]);
    v6[2..].copy_from_slice(&digest[..14]);
    [v4.into(), Ipv6Addr::from(v6).into()]
}

/// The Group Address of the name with this normal form, of one source.
pub fn source_specific(normal: &str, source: IpAddr) -> IpAddr {
    let id = first(&digest(normal));
    match source {
        IpAddr::V4(_) => {
            let mut id = id & 0xff_ffff;
            // 232.0.0.0/24 is reserved (RFC 4607 §1), 232.128.0.0/24 is 224.0.0.0/24 to Ethernet.
            if id & 0x7f_ff00 == 0 {
                id |= 0x40_0000;
            }
            Ipv4Addr::from_bits(Ipv4Addr::new(232, 0, 0, 0).to_bits() | id).into()
        }
        // RFC 4607 §1: what hosts choose has the top bit set.
        IpAddr::V6(_) => {
            let [a, b, c, d] = (id | 0x8000_0000).to_be_bytes();
            Ipv6Addr::from([0xff, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]).into()
        }
    }
}

fn digest(normal: &str) -> [u8; 32] {
    Sha256::digest(normal).into()
}

fn first(digest: &[u8; 32]) -> u32 {
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}
