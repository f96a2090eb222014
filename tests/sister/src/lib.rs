//! A library beside libham, which tells C how many devices there are.
#![allow(unsafe_code)]

use cabi::{Fault, ToC, guard};
use std::collections::BTreeSet;
use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};
use watch::{Change, Filter, Subscription, Watch};

static DEVICES: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
static TOLD: Mutex<Option<(Watch, Subscription)>> = Mutex::new(None);

/// A negative errno.
struct Code(c_int);

impl From<Fault> for Code {
    fn from(_: Fault) -> Code {
        Code(-1)
    }
}

impl ToC<c_int> for Code {
    fn to_c(self) -> c_int {
        self.0
    }
}

/// The number of devices, as far as the watch has told by now. The first call begins the watch.
#[unsafe(no_mangle)]
pub extern "C" fn sister_devices() -> c_int {
    guard(|| {
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none() {
            let watch = Watch::open("sister").map_err(|failure| Code(-failure.errno))?;
            let subscription = watch.subscribe(Filter::new().links().replay(), tell);
            *told = Some((watch, subscription.map_err(|failure| Code(-failure.errno))?));
        }
        let devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
        Ok::<_, Code>(devices.len() as c_int)
    })
}

fn tell(changes: &[Change]) {
    let mut devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    for change in changes {
        match change {
            Change::Link { index, .. } => devices.insert(*index),
            Change::Gone { index, .. } => devices.remove(index),
            _ => continue,
        };
    }
}
