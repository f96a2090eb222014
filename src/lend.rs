//! Room that each thread keeps, lent for the time of one call.

use std::cell::RefCell;
use std::thread::LocalKey;

/// Lends what the thread keeps, or something new when that is in use (a signal handler calls the library again) or gone
/// (the thread is ending).
pub fn lend<T: Default, R>(kept: &'static LocalKey<RefCell<T>>, act: impl FnOnce(&mut T) -> R) -> R {
    let mut act = Some(act);
    let lent = kept.try_with(|kept| {
        let mut kept = kept.try_borrow_mut().ok()?;
        Some(act.take()?(&mut kept))
    });
    match (lent, act) {
        (Ok(Some(result)), _) => result,
        (_, Some(act)) => act(&mut T::default()),
        (_, None) => unreachable!("act was taken only to give a result"),
    }
}
