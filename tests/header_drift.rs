//! The committed headers are what cbindgen makes of the source; `make header` (HAM_UPDATE_HEADERS=1) writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn generated(configuration: &str) -> String {
    let config = cbindgen::Config::from_file(root().join(configuration)).expect("a readable configuration");
    let bindings = cbindgen::Builder::new()
        .with_src(root().join("src/capi/mod.rs"))
        .with_config(config)
        .generate()
        .expect("cbindgen understands the shims");
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).expect("a header in UTF-8")
}

fn committed(header: &str) -> String {
    fs::read_to_string(root().join(header)).expect("a committed header")
}

fn check(configuration: &str, header: &str) {
    let text = generated(configuration);
    let path: PathBuf = root().join(header);
    if std::env::var_os("HAM_UPDATE_HEADERS").is_some() {
        fs::write(&path, &text).expect("the header can be written");
    }
    // Not assert_eq: it would print two whole headers.
    assert!(text == committed(header), "{header} is not what the source says: run `make header`");
}

/// Every prototype of a header by its name, in one line and with single spaces.
fn prototypes(header: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut code = String::new();
    let mut comment = false;
    let mut skip = false;
    for line in header.lines() {
        let line = line.trim_end();
        comment |= line.trim_start().starts_with("/*");
        let was_comment = comment;
        comment &= !line.ends_with("*/");
        // Of the three faces of `send` the plain one counts.
        skip = match line {
            "#if defined(__cplusplus)" | "#ifdef __cplusplus" | "#else" => true,
            "#elif !defined(HAM_LIBC_SEND_SEEN_)" | "#endif" => false,
            _ => skip,
        };
        if !was_comment && !skip && !line.starts_with('#') {
            code.push_str(line);
            code.push(' ');
        }
    }
    for statement in code.split(';') {
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(rest) = statement.strip_prefix("int ").filter(|rest| rest.ends_with(')')) {
            let name = rest.split('(').next().expect("a name").to_string();
            found.insert(name, statement);
        }
    }
    found
}

fn defines(header: &str) -> Vec<&str> {
    header.lines().filter(|line| line.starts_with("#define HAM_")).collect()
}

fn functions_of_the_map() -> Vec<String> {
    let map = fs::read_to_string(root().join("ham.map")).expect("ham.map");
    map.lines()
        .filter_map(|line| line.strip_prefix("        ")?.strip_suffix(';'))
        .filter(|name| *name != "*")
        .map(String::from)
        .collect()
}

#[test]
fn ham_h() {
    check("cbindgen.toml", "include/ham.h");
}

#[test]
fn hamx_h() {
    check("cbindgen-hamx.toml", "include/hamx.h");
}

#[test]
fn ham_h_declares_what_the_library_exports() {
    let mut exported = functions_of_the_map();
    exported.sort();
    assert_eq!(exported.len(), 23);
    assert_eq!(prototypes(&generated("cbindgen.toml")).into_keys().collect::<Vec<_>>(), exported);
}

#[test]
fn hamx_h_has_every_prototype_of_ham_h_with_the_prefix() {
    let (ham, hamx) = (generated("cbindgen.toml"), generated("cbindgen-hamx.toml"));
    let hamx = prototypes(&hamx);
    for (name, prototype) in prototypes(&ham) {
        let twin = format!("ham_{name}");
        assert_eq!(hamx.get(&twin), Some(&prototype.replacen(&name, &twin, 1)));
    }
}

#[test]
fn hamx_h_has_the_constants_and_types_of_ham_h() {
    let (ham, hamx) = (generated("cbindgen.toml"), generated("cbindgen-hamx.toml"));
    let public = |line: &&str| !line.starts_with("#define HAM_H") && !line.ends_with('_');
    let mut of_ham: Vec<_> = defines(&ham).into_iter().filter(public).collect();
    let mut of_hamx: Vec<_> = defines(&hamx).into_iter().filter(public).collect();
    of_ham.sort_unstable();
    of_hamx.sort_unstable();
    assert_eq!(of_ham, of_hamx);
    for line in ["    char *group_uri;", "    int type;", "} GroupSet;"] {
        assert!(ham.contains(line) && hamx.contains(line), "{line}");
    }
    let callback =
        "typedef void (*MembershipEventCallback)(int type, uint32_t iface, const char *group_uri);";
    assert!(ham.contains(callback) && hamx.contains(callback));
}

#[test]
fn the_version_macros_are_the_crate_s_version() {
    let (major, minor, patch) =
        (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH"));
    let number = [major, minor, patch]
        .iter()
        .fold(0, |number, part| number * 100 + part.parse::<u32>().expect("a number"));
    let header = generated("cbindgen.toml");
    for line in [
        format!("#define HAM_VERSION \"{}\"", env!("CARGO_PKG_VERSION")),
        format!("#define HAM_VERSION_MAJOR {major}"),
        format!("#define HAM_VERSION_MINOR {minor}"),
        format!("#define HAM_VERSION_PATCH {patch}"),
        format!("#define HAM_VERSION_NUMBER {number}"),
    ] {
        assert!(header.lines().any(|l| l == line), "{line}");
    }
}
