//! Another node, as a Link knows it.

use super::*;

/// Another node.
pub struct Remote {
    pub address: IpAddr,
    pub key: Option<Box<SenderKey>>,
    pub numbers: Numbers,
    pub heard: Instant,
    pub interval: Duration,
    pub priority: u8,
    pub state: State,
    pub requests: Requests,
    pub probed: bool,
    /// The time of its timer that counts.
    pub wake: Instant,
}

impl Remote {
    /// Two thirds of its time are over: it is asked whether it is still there.
    pub fn probe_at(&self) -> Instant {
        self.heard + self.interval * 2
    }

    pub fn end_at(&self) -> Instant {
        self.heard + self.interval * 3
    }

    pub fn next(&self, curious: bool) -> Instant {
        let life = if curious && !self.probed { self.probe_at() } else { self.end_at() };
        self.requests.at().map_or(life, |at| at.min(life))
    }
}

/// The packets of one node that were taken: the highest number and the 63 before it.
pub struct Numbers {
    pub highest: u64,
    pub taken: u64,
}

impl Numbers {
    pub fn take(&mut self, number: u64) -> bool {
        if number > self.highest {
            let by = number - self.highest;
            self.taken = if by < 64 { self.taken << by | 1 } else { 1 };
            self.highest = number;
            return true;
        }
        let bit = 1u64.checked_shl(u32::try_from(self.highest - number).unwrap_or(64)).unwrap_or(0);
        let new = bit != 0 && self.taken & bit == 0;
        self.taken |= bit;
        new
    }
}
