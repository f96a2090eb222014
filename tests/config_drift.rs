//! docs/ham.toml is what the tables of keys make of it; `make config` (HAM_UPDATE_CONFIG=1) writes it anew.

use std::fs;
use std::path::Path;

#[test]
fn ham_toml() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ham.toml");
    let text = ham::config::sample();
    if std::env::var_os("HAM_UPDATE_CONFIG").is_some() {
        fs::write(&path, &text).expect("the sample can be written");
    }
    let committed = fs::read_to_string(&path).expect("a committed sample");
    // Not assert_eq: it would print two whole files.
    assert!(text == committed, "docs/ham.toml is not what the tables say: run `make config`");
}
