//! Who may know whom in this house, and what a room never does, read from the sources (tests/house/rules.rs), and the
//! picture of it.
//!
//! Code under `#[cfg(test)]`, tests and benches may know everything.

mod house;

use house::picture::picture;
use house::rules::breaks;
use house::{Files, House};
use std::fs;
use std::path::Path;

const PICTURE: &str = "docs/rooms.md";

fn files() -> Files {
    house::files(Path::new(env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn every_room_knows_only_what_is_below_it() {
    let found = breaks(&House::read(&files()));
    let said: String = found.iter().map(|one| format!("{}:{}: {}\n", one.file, one.line, one.rule)).collect();
    assert!(said.is_empty(), "\n{said}");
}

#[test]
fn the_picture_is_of_these_sources() {
    let files = files();
    let picture = picture(&files, &House::read(&files));
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    if std::env::var_os("HAM_UPDATE_PICTURE").is_some() {
        fs::write(&place, &picture).expect("the picture can be written");
    }
    let committed = fs::read_to_string(place).expect("a committed picture");
    // Not assert_eq: it would print two whole pictures.
    assert!(picture == committed, "{PICTURE} is not what the sources say: run `make picture`");
}
