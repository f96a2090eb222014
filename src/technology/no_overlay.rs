//! In place of an overlay in builds without the feature: there is none, and nobody can have one.

use crate::config::OverlaySettings;
use crate::group::Role;
use crate::technology::carrier::{Arrived, Change, Heard, Reach};
use std::io;
use std::sync::Arc;

/// No overlay: [`Overlay::new`] is never called, as a section `[overlay.NAME]` is an error then.
pub struct Overlay(Never);

/// Never.
pub struct Hearing(Never);

/// Never.
pub struct Way(Never);

/// Never.
pub struct Announcement(Never);

enum Never {}

#[allow(missing_docs)]
impl Overlay {
    pub fn new(_: &OverlaySettings) -> Overlay {
        unreachable!("the configuration refuses overlays in this build")
    }

    pub fn name(&self) -> &str {
        match self.0 {}
    }

    pub fn hear(&self, _: Heard<'_>, _: impl Fn(Arrived<'_>) + Send + Sync + 'static) -> io::Result<Hearing> {
        match self.0 {}
    }

    pub fn way(&self, _: &str) -> io::Result<Way> {
        match self.0 {}
    }

    pub fn announce_sender(&self, _: &str) -> io::Result<Announcement> {
        match self.0 {}
    }

    pub fn states(&self) -> Vec<(Arc<str>, Role)> {
        match self.0 {}
    }

    pub fn watch(&self, _: Arc<dyn Fn(Change) + Send + Sync>) {
        match self.0 {}
    }

    pub fn neighbors(&self, _: Option<&str>) -> Vec<String> {
        match self.0 {}
    }

    pub fn parents(&self, _: Option<&str>) -> Vec<String> {
        match self.0 {}
    }

    pub fn children(&self, _: Option<&str>) -> Vec<String> {
        match self.0 {}
    }

    pub fn designated(&self, _: Option<&str>) -> bool {
        match self.0 {}
    }

    pub fn is_default(&self) -> bool {
        match self.0 {}
    }

    pub fn settle(&self) {
        match self.0 {}
    }

    pub fn linger(&self) {
        match self.0 {}
    }
}

#[allow(missing_docs)]
impl Way {
    pub fn put(&self, _: Vec<u8>, _: &[u8], _: Reach) -> io::Result<()> {
        match self.0 {}
    }
}
