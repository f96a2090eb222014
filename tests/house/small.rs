//! A small house, to see that each rule finds what breaks it.

use super::rules::breaks;
use super::{Files, House};

/// The breaks of a small house in which these files are added, or stand for others.
fn breaks_with(changed: &[(&str, &str)]) -> Vec<String> {
    let manifest = |name: &str, more: &str| format!("[package]\nname = \"{name}\"\n[dependencies]\n{more}");
    let mut house: Files = [
        ("Cargo.toml", manifest("ham", "libc = \"0.2\"\nsys.workspace = true")),
        ("crates/sys/Cargo.toml", manifest("sys", "libc.workspace = true")),
        ("crates/sys/src/lib.rs", "pub fn close() { unsafe { libc::close(3) } }".to_string()),
        (
            "crates/cabi/Cargo.toml",
            manifest("cabi", "libc.workspace = true\n[dev-dependencies]\nserde = \"1\""),
        ),
        ("grasp/Cargo.toml", manifest("grasp", "")),
        (
            "src/lib.rs",
            "mod capi; mod config; mod frame; mod name; mod presence; mod send; mod socket;".to_string(),
        ),
        ("src/capi/mod.rs", "unsafe fn join() { crate::socket::find(); crate::config::get(); }".to_string()),
        ("src/config.rs", "use crate::name; pub fn get() {}".to_string()),
        ("src/frame.rs", "use crate::name::Name;".to_string()),
        ("src/socket.rs", "use crate::{config, send::*}; pub fn find() { config::get() }".to_string()),
        ("src/name.rs", "pub struct Name(std::net::Ipv4Addr);".to_string()),
        ("src/presence/mod.rs", "mod link; mod running;".to_string()),
        ("src/presence/link.rs", "const NOT: i32 = libc::ENOENT;".to_string()),
        ("src/presence/running.rs", "fn run() { sys::close(); std::time::Instant::now(); }".to_string()),
        ("src/send.rs", "#[cfg(test)] mod tests { use crate::capi; }".to_string()),
    ]
    .map(|(file, text)| (file.to_string(), text))
    .into();
    house.extend(changed.iter().map(|(file, text)| (file.to_string(), text.to_string())));
    breaks(&House::read(&house))
        .iter()
        .map(|one| format!("{}:{}: {}", one.file, one.line, one.rule))
        .collect()
}

#[test]
fn a_clean_house_has_no_breaks() {
    assert_eq!(breaks_with(&[]), [""; 0]);
    let tests =
        "#[cfg(test)]\nuse crate::send;\n#[cfg(test)] mod tests { fn f() { crate::send::f(); unsafe {} } }";
    assert_eq!(breaks_with(&[("src/frame.rs", tests)]), [""; 0]);
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    for code in [
        "use crate::send;",
        "use crate::{name::Name, send::{self as way, Route}};",
        "use super::send::*;",
        "pub(crate) fn f(_: crate::send::Route) {}",
        "fn f() { let _ = crate::send::CONSTANT; }",
        "fn f() { assert!(1 > 2, \"{}\", crate::send::CONSTANT); }",
        "mod inner { fn f() { super::super::send::go(); } }",
        "impl Clone for super::send::Route {}",
    ] {
        let found = breaks_with(&[("src/frame.rs", code)]);
        assert_eq!(found, ["src/frame.rs:1: frame knows send, which is above it"], "{code}");
    }
}

#[test]
fn every_rule_finds_what_breaks_it() {
    let cases: [(&str, &str, &[&str]); 18] = [
        ("src/presence/running.rs", "use crate::socket;", &["1: presence knows socket, which is above it"]),
        ("src/send.rs", "use crate::receive;", &["1: send knows receive, which is beside it"]),
        ("src/frame.rs", "\nfn f() { unsafe {} }", &["2: unsafe is for crates/sys, crates/cabi and capi"]),
        ("src/frame.rs", "unsafe fn f() {}", &["1: unsafe is for crates/sys, crates/cabi and capi"]),
        ("src/frame.rs", "unsafe impl Send for T {}", &["1: unsafe is for crates/sys, crates/cabi and capi"]),
        (
            "src/frame.rs",
            "#[unsafe(no_mangle)] fn f() {}",
            &["1: unsafe is for crates/sys, crates/cabi and capi"],
        ),
        (
            "src/frame.rs",
            "fn f() { g!(unsafe { h() }); }",
            &["1: unsafe is for crates/sys, crates/cabi and capi"],
        ),
        (
            "src/presence/link.rs",
            "use std::time::Instant as I; fn f() { I::now(); }",
            &["1: no look at a clock here"],
        ),
        ("src/name.rs", "fn f(t: T) { t.elapsed(); }", &["1: no look at a clock here"]),
        (
            "src/name.rs",
            "use sys as s; fn f() { s::close(); }",
            &[
                "1: no system call here, and this is one: sys",
                "1: no system call here, and this is one: sys::close",
            ],
        ),
        (
            "src/name.rs",
            "fn f() { libc::close(2); }",
            &["1: no system call here, and this is one: libc::close"],
        ),
        ("src/name.rs", "use std::{fs::File};", &["1: no system call here, and this is one: std::fs::File"]),
        (
            "src/send.rs",
            "use crate::config; fn f() { config::get(); }",
            &["1: config::get() is not asked here"],
        ),
        (
            "src/send.rs",
            "pub(crate) use crate::name::Name;",
            &["1: ham::name::Name is another room's, and passed on"],
        ),
        ("crates/sys/src/lib.rs", "use ham::name;", &["1: sys knows the package ham"]),
        (
            "crates/sys/Cargo.toml",
            "[package]\nname=\"sys\"\n[target.x.dependencies]\ncabi.path = \"\"",
            &["4: sys is built with cabi"],
        ),
        (
            "crates/cabi/Cargo.toml",
            "[package]\nname = \"cabi\"\n[dependencies]\nserde = \"1\"",
            &["4: cabi is built with serde"],
        ),
        (
            "grasp/Cargo.toml",
            "[package]\nname = \"grasp\"\n[dependencies]\nx = { package = \"ham\" }",
            &["4: grasp is built with ham"],
        ),
    ];
    for (file, text, rules) in cases {
        let expected: Vec<_> = rules.iter().map(|rule| format!("{file}:{rule}")).collect();
        assert_eq!(breaks_with(&[(file, text)]), expected, "{text}");
    }
}

#[test]
fn a_room_without_a_rank_and_a_package_without_a_line_are_found() {
    let lib = ("src/lib.rs", "mod cellar; mod name;");
    let found = breaks_with(&[lib, ("src/cellar.rs", "use crate::name;")]);
    assert_eq!(found, ["src/cellar.rs:1: cellar has no rank in tests/house/rules.rs"]);
    let found = breaks_with(&[("attic/Cargo.toml", "[package]\nname = \"attic\"")]);
    assert_eq!(found, ["attic/Cargo.toml:1: attic has no line in tests/house/rules.rs"]);
}

#[test]
fn a_circle_of_rooms_is_found() {
    // The one may serve the other, but not be known to it.
    let expected = [
        "src/frame:1: is in a circle of rooms",
        "src/name:1: is in a circle of rooms",
        "src/name.rs:1: name knows frame, which is beside it",
    ];
    assert_eq!(breaks_with(&[("src/name.rs", "use crate::frame;")]), expected);
}

#[test]
fn a_name_that_leaves_two_files_is_found() {
    let twice = [
        ("src/name.rs", "pub struct Name; pub struct Part;"),
        ("src/frame.rs", "use crate::name::Name;\npub struct Part;"),
    ];
    assert_eq!(breaks_with(&twice), [""; 0], "they stay in their files");
    let send = ("src/send.rs", "use crate::name::{Name, Part}; fn f() { crate::frame::Part::new(); }");
    let said = "the name Part leaves this file and another one";
    let expected = [format!("src/frame.rs:2: {said}"), format!("src/name.rs:1: {said}")];
    assert_eq!(breaks_with(&[twice[0], twice[1], send]), expected);
}
