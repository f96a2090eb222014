//! The half of a multicast socket that messages go out by: its routes, by the URIs as they are spelled.

use super::{Framed, Route, Target};
use crate::core::Core;
use crate::error::Result;
use crate::shards::Shards;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// How many routes (URIs as they are spelled) a multicast socket keeps.
const ROUTES: usize = 65536;

/// A route that is looked up so often in a row is compared first.
const OFTEN: usize = 16;

/// What `send` reads.
pub(crate) struct Outbound {
    pub(super) core: Arc<Core>,
    routes: Shards<Arc<Route>>,
    /// Routes of an older generation are not used any more.
    pub(super) generation: AtomicU32,
    count: AtomicUsize,
    /// The address of the route that a search found last, and how often in a row.
    found: AtomicUsize,
    found_times: AtomicUsize,
}

impl Outbound {
    /// Without routes.
    pub fn new(core: Arc<Core>) -> Outbound {
        Outbound {
            core,
            // Most programs send to one group or a few.
            routes: Shards::new(256),
            generation: AtomicU32::new(0),
            count: AtomicUsize::new(0),
            found: AtomicUsize::new(0),
            found_times: AtomicUsize::new(0),
        }
    }

    /// Sends by the route for `uri`; `None` when there is none. `promote` gets one that was looked up many times in a row,
    /// to be compared first from then on.
    pub fn send_by_search(
        &self,
        uri: &[u8],
        message: &[u8],
        promote: impl Fn(&Arc<Route>),
    ) -> Option<Result<()>> {
        self.routes.find(uri, |route| {
            if !route.serves(uri) {
                return None;
            }
            let address = Arc::as_ptr(route) as usize;
            if self.found.swap(address, Ordering::Relaxed) != address {
                self.found_times.store(0, Ordering::Relaxed);
            } else if self.found_times.fetch_add(1, Ordering::Relaxed) == OFTEN {
                promote(route);
            }
            Some(route.send(message))
        })
    }

    /// Keeps a route, which holds the socket until [`Outbound::forget_routes`]. Under the control lock.
    pub fn keep_route(
        self: &Arc<Outbound>,
        uri: &[u8],
        targets: Vec<Target>,
        framed: Option<Framed>,
    ) -> Arc<Route> {
        let generation = self.generation.load(Ordering::Acquire);
        let (outbound, targets) = (self.clone(), targets.into());
        let route = Arc::new(Route { outbound, uri: uri.into(), generation, targets, framed });
        if self.count.fetch_add(1, Ordering::Relaxed) >= ROUTES {
            self.routes.clear();
            self.count.store(1, Ordering::Relaxed);
        }
        self.routes.insert(uri, route.clone());
        route
    }

    /// Makes every route be looked up anew. Under the control lock.
    pub fn forget_routes(&self) {
        self.generation.fetch_add(1, Ordering::Release);
        self.routes.clear();
        self.count.store(0, Ordering::Relaxed);
    }
}
