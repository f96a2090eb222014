//! The carriers that are configured: Interfaces of technologies that know groups by Group Name. Their ids follow the order
//! of the configuration, and they live as long as the process.

use super::id::OTHER_TECHNOLOGIES;
use crate::config::{self, Config};
use crate::error::Result;
use crate::technology::{self, Carrier};
use once_cell::race::OnceBox;

static CARRIERS: OnceBox<Vec<Carrier>> = OnceBox::new();

/// All carriers, in the order of the configuration: the first one's Interface id is 0x10000000. None has begun yet. What
/// fails is tried again at the next call.
pub fn carriers() -> Result<&'static [Carrier]> {
    let open_all =
        |config: &Config| config.carriers.iter().map(technology::open).collect::<Result<_>>().map(Box::new);
    let all = CARRIERS.get_or_try_init(|| open_all(config::get()?))?;
    Ok(all)
}

/// The carrier whose Interface id this is, if it is one's.
pub fn carrier(id: u32) -> Result<Option<&'static Carrier>> {
    let Some(index) = id.checked_sub(OTHER_TECHNOLOGIES) else { return Ok(None) };
    Ok(carriers()?.get(index as usize))
}

/// The Interface ids of the carriers that `fits`.
pub fn ids(fits: impl Fn(&Carrier) -> bool) -> Result<Vec<u32>> {
    let all = carriers()?.iter().enumerate();
    Ok(all.filter(|(_, carrier)| fits(carrier)).map(|(i, _)| OTHER_TECHNOLOGIES + i as u32).collect())
}
