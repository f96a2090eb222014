//! The ids of Interfaces of technology `ip`: the kernel's index (RFC 3493), for both families or one.

/// Flag of an id that stands for the device's IPv4 side only (`HAM_IPV4` of `ham.h`).
pub const HAM_IPV4: u32 = 0x0400_0000;
/// Flag of an id that stands for the device's IPv6 side only (`HAM_IPV6` of `ham.h`).
pub const HAM_IPV6: u32 = 0x0600_0000;
/// Ids from here up belong to other technologies.
pub const OTHER_TECHNOLOGIES: u32 = 0x1000_0000;

const INDEX: u32 = 0x00ff_ffff;

/// The address families that an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Families {
    /// IPv4 and IPv6.
    Both,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Families {
    /// True when IPv4 is among them.
    pub fn v4(self) -> bool {
        self != Families::V6
    }

    /// True when IPv6 is among them.
    pub fn v6(self) -> bool {
        self != Families::V4
    }

    /// True when the family of `address` is among them.
    pub fn hold(self, address: std::net::IpAddr) -> bool {
        if address.is_ipv4() { self.v4() } else { self.v6() }
    }
}

/// The id of the device with this index, for these families.
pub fn encode(index: u32, families: Families) -> u32 {
    match families {
        Families::Both => index,
        Families::V4 => index | HAM_IPV4,
        Families::V6 => index | HAM_IPV6,
    }
}

/// The device's index and the families that `id` stands for; `None` when it is no id of technology `ip`.
pub fn decode(id: u32) -> Option<(u32, Families)> {
    let families = match id & !INDEX {
        0 => Families::Both,
        HAM_IPV4 => Families::V4,
        HAM_IPV6 => Families::V6,
        _ => return None,
    };
    (id & INDEX != 0).then_some((id & INDEX, families))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_one_meaning() {
        for families in [Families::Both, Families::V4, Families::V6] {
            for index in [1, 2, 0x00ff_ffff] {
                assert_eq!(decode(encode(index, families)), Some((index, families)));
            }
        }
        for id in [
            0,
            HAM_IPV4,
            HAM_IPV6,
            0x0500_0001,
            0x0800_0001,
            OTHER_TECHNOLOGIES,
            OTHER_TECHNOLOGIES | 1,
            u32::MAX,
        ] {
            assert_eq!(decode(id), None, "{id:#x}");
        }
    }
}
