//! Who may know whom in this house, and what a room never does.

use super::{House, Module, Package, Reference, below};
use std::collections::{BTreeMap, BTreeSet};

/// The rooms of libham from the ground up. A room knows those below it; those in one line do not know each other.
pub const RANKS: [&[&str]; 10] = [
    &["error", "group", "counters", "shards", "lend"],
    &["name", "frame", "settings", "watching"],
    &["mapping", "technology", "presence"],
    &["config"],
    &["interfaces"],
    &["core"],
    &["send", "receive"],
    &["control"],
    &["socket", "membership"],
    &["capi"],
];

/// The one room that serves another one of its rank.
const SERVES: (&str, &str) = ("frame", "name");

const CRATES: &[&str] = &["sys", "watch", "cabi", "carrier"];
const WITH_HAM: &[&str] = &["ham", "sys", "watch", "cabi", "carrier"];

/// The packages, and which of the others each may be built with.
const PACKAGES: &[(&str, &[&str])] = &[
    ("sys", &[]),
    ("watch", &["sys"]),
    ("cabi", &[]),
    ("carrier", &["sys"]),
    ("testbed", &[]),
    ("ham_overlay", &["sys", "watch", "carrier"]),
    ("ham", CRATES),
    ("grasp", CRATES),
    ("mif", CRATES),
    ("gateway", WITH_HAM),
    ("tool", WITH_HAM),
    ("preload", WITH_HAM),
];

/// What the C boundary is built with, of all that there is.
const OF_CABI: &[&str] = &["libc", "log"];

/// Where `unsafe` is at home, beside every `src/capi`.
const UNSAFE: &[&str] = &["crates/sys/", "crates/cabi/", "crates/carrier/src/ffi"];

/// State machines, and what reads and writes bytes: the clock is given to them, and so is every packet.
const PURE: &[&str] = &[
    "ham::name",
    "ham::frame",
    "ham::presence::link",
    "ham::membership::observer::hosts",
    "watch::table",
    "grasp::wire",
    "grasp::node",
    "mif::message",
    "mif::domains",
];

/// What makes system calls. The constants of libc do not, nor does memory that is wiped.
const CALLS: &[&str] = &[
    "sys",
    "libc",
    "socket2",
    "getrandom",
    "netlink_sys",
    "std::fs",
    "std::process",
    "std::thread",
    "std::net::UdpSocket",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::ToSocketAddrs",
];

/// Who reads the configuration; the others are told what they need of it.
const ASK_CONFIG: &[&str] = &["config", "interfaces", "membership", "socket", "capi"];

/// A rule that is broken somewhere.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Break {
    pub file: String,
    pub line: usize,
    pub rule: String,
}

/// All that break a rule, by file and line.
pub fn breaks(house: &House) -> BTreeSet<Break> {
    let mut found = BTreeSet::new();
    for package in &house.packages {
        let mut say = |file: &str, line: usize, rule: String| {
            found.insert(Break { file: file.to_string(), line, rule });
        };
        packages(package, &mut say);
        names(package, &mut say);
        for module in &package.modules {
            dangers(module, &mut say);
            for reference in &module.references {
                pure(module, reference, &mut say);
                configuration(module, reference, &mut say);
                passed_on(house, module, reference, &mut say);
                ranks(module, reference, &mut say);
            }
        }
    }
    for room in circles(house) {
        found.insert(Break {
            file: format!("src/{room}"),
            line: 1,
            rule: "is in a circle of rooms".to_string(),
        });
    }
    found
}

/// The room of a path in libham.
fn room(path: &[String]) -> Option<&str> {
    match path {
        [package, room, ..] if package == "ham" => Some(room),
        _ => None,
    }
}

fn rank(room: &str) -> Option<usize> {
    RANKS.iter().position(|rooms| rooms.contains(&room))
}

fn ranks(module: &Module, reference: &Reference, say: &mut impl FnMut(&str, usize, String)) {
    let (Some(here), Some(there)) = (room(&module.path), room(&reference.path)) else { return };
    if rank(here).is_none() {
        return say(&module.file, 1, format!("{here} has no rank in tests/house/rules.rs"));
    }
    if !allowed(here, there) {
        let how = if rank(here) == rank(there) { "beside" } else { "above" };
        say(&module.file, reference.line, format!("{here} knows {there}, which is {how} it"));
    }
}

/// May the one room know the other? Crates are below all rooms.
pub fn allowed(here: &str, there: &str) -> bool {
    match (rank(here), rank(there)) {
        (Some(a), Some(b)) => a > b || here == there || (here, there) == SERVES,
        _ => true,
    }
}

/// Whom each room and each crate knows beside itself, be it allowed or not.
pub type Known = BTreeMap<String, BTreeSet<String>>;

/// Read from every path in the sources.
pub fn known(house: &House) -> Known {
    let mut known = Known::new();
    let crates: Vec<_> = house.packages.iter().filter(|package| package.name != "ham").collect();
    let place = |path: &[String]| match room(path) {
        Some(room) => Some(room.to_string()),
        None => crates.iter().find(|package| package.name == path[0]).map(|package| package.name.clone()),
    };
    for module in house.packages.iter().flat_map(|package| &package.modules) {
        for reference in &module.references {
            if let (Some(here), Some(there)) = (place(&module.path), place(&reference.path)) {
                known.entry(here.clone()).or_default().extend((here != there).then_some(there));
            }
        }
    }
    known
}

/// The rooms that know themselves by way of others.
fn circles(house: &House) -> BTreeSet<String> {
    let known = known(house);
    let reaches_itself = |room: &&String| {
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![*room]);
        while let Some(next) = waiting.pop() {
            waiting.extend(known.get(next).into_iter().flatten().filter(|one| reached.insert(*one)));
        }
        reached.contains(*room)
    };
    known.keys().filter(reaches_itself).cloned().collect()
}

fn packages(package: &Package, say: &mut impl FnMut(&str, usize, String)) {
    let name = package.name.as_str();
    let manifest = format!("{}Cargo.toml", package.folder);
    let Some((_, may_know)) = PACKAGES.iter().find(|(one, _)| *one == name) else {
        return say(&manifest, 1, format!("{name} has no line in tests/house/rules.rs"));
    };
    let ours = |other: &str| PACKAGES.iter().any(|(one, _)| *one == other);
    let forbidden = |other: &str| {
        other != name && ours(other) && !may_know.contains(&other)
            || name == "cabi" && !ours(other) && !OF_CABI.contains(&other)
    };
    for (other, line) in package.dependencies.iter().filter(|(other, _)| forbidden(other)) {
        say(&manifest, *line, format!("{name} is built with {other}"));
    }
    for module in &package.modules {
        for reference in &module.references {
            let other = reference.path[0].as_str();
            if other != name && ours(other) && !may_know.contains(&other) {
                say(&module.file, reference.line, format!("{name} knows the package {other}"));
            }
        }
    }
}

fn dangers(module: &Module, say: &mut impl FnMut(&str, usize, String)) {
    let at_home =
        UNSAFE.iter().any(|place| module.file.starts_with(place)) || module.file.contains("src/capi");
    for line in module.unsafes.iter().filter(|_| !at_home) {
        say(&module.file, *line, "unsafe is for crates/sys, crates/cabi and capi".to_string());
    }
}

fn pure(module: &Module, reference: &Reference, say: &mut impl FnMut(&str, usize, String)) {
    if !PURE.iter().any(|place| is_of(&module.path.join("::"), place)) {
        return;
    }
    let path = reference.path.join("::");
    let constant =
        path.starts_with("libc::") && !path["libc::".len()..].contains(|c: char| c.is_ascii_lowercase());
    let calls = !constant && !is_of(&path, "sys::wipe");
    if calls && CALLS.iter().any(|call| is_of(&path, call)) {
        say(&module.file, reference.line, format!("no system call here, and this is one: {path}"));
    }
    if path.starts_with("std::time::") && path.ends_with("::now") {
        say(&module.file, reference.line, "no look at a clock here".to_string());
    }
}

fn is_of(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn configuration(module: &Module, reference: &Reference, say: &mut impl FnMut(&str, usize, String)) {
    let asks = reference.path == ["ham", "config", "get"];
    if asks && room(&module.path).is_some_and(|room| !ASK_CONFIG.contains(&room)) {
        say(&module.file, reference.line, "config::get() is not asked here".to_string());
    }
}

fn passed_on(
    house: &House,
    module: &Module,
    reference: &Reference,
    say: &mut impl FnMut(&str, usize, String),
) {
    let ours = house.packages.iter().any(|package| package.name == reference.path[0]);
    let own = reference.path[0] == module.path[0] && room(&reference.path) == room(&module.path);
    if reference.reexport && ours && !own {
        say(
            &module.file,
            reference.line,
            format!("{} is another room's, and passed on", reference.path.join("::")),
        );
    }
}

/// Types and traits: a name is unique in the package, or never leaves its file. Functions are called with the name of their
/// module (`twins::write`), which tells them apart.
fn names(package: &Package, say: &mut impl FnMut(&str, usize, String)) {
    let mut elsewhere: BTreeSet<&[String]> = BTreeSet::new();
    let files: BTreeMap<_, _> =
        package.modules.iter().map(|module| (module.path.as_slice(), &module.file)).collect();
    for module in &package.modules {
        for path in module.references.iter().map(|reference| reference.path.as_slice()) {
            // A method or a variant is named behind its type.
            for end in 2..=path.len() {
                if files.get(&path[..end - 1]).is_some_and(|file| **file != module.file) {
                    elsewhere.insert(&path[..end]);
                }
            }
        }
    }
    let mut told: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
    for module in &package.modules {
        for item in &module.items {
            let path = below(&module.path, &item.name);
            let is_type = item.name.starts_with(|c: char| c.is_uppercase());
            if is_type && elsewhere.contains(path.as_slice()) {
                told.entry(&item.name).or_default().push((&module.file, item.line));
            }
        }
    }
    for (name, places) in
        told.iter().filter(|(_, places)| places.iter().any(|(file, _)| *file != places[0].0))
    {
        for (file, line) in places {
            say(file, *line, format!("the name {name} leaves this file and another one"));
        }
    }
}
