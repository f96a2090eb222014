//! The one interface watch of this process: made when somebody first needs it, and whoever needs it subscribes by himself.

use crate::error::Result;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use watch::{Change, Filter, Subscription, Watch};

static PROCESS: ArcSwapOption<Watch> = ArcSwapOption::const_empty();

/// One who is told of changes once he has begun, for the life of the process. A forked child begins anew.
pub struct Follower {
    filter: Filter,
    tell: fn(&[Change]),
    subscription: ArcSwapOption<Subscription>,
}

impl Follower {
    /// Who is to be told what; `tell` runs in the watch's thread, once for each burst of changes, and must be short.
    pub const fn new(filter: Filter, tell: fn(&[Change])) -> Follower {
        Follower { filter, tell, subscription: ArcSwapOption::const_empty() }
    }

    /// When this returns, no later change is missed. No-op when it has begun.
    pub fn begin(&self) -> Result<()> {
        let old = self.subscription.load_full();
        if old.as_deref().is_some_and(Subscription::is_open) {
            return Ok(());
        }
        let new = process()?.subscribe(self.filter.clone(), self.tell)?;
        // Where another thread was first, that one's stays.
        self.subscription.compare_and_swap(&old, Some(Arc::new(new)));
        Ok(())
    }
}

/// The watch of the namespace in which the first one needed it.
fn process() -> Result<Arc<Watch>> {
    loop {
        let old = PROCESS.load_full();
        if let Some(watch) = old.as_ref().filter(|watch| watch.is_open()) {
            return Ok(watch.clone());
        }
        PROCESS.compare_and_swap(&old, Some(Arc::new(Watch::open("ham-watch")?)));
    }
}
