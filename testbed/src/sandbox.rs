//! A network of one's own for a test: the test runs itself again in fresh namespaces, which end with it.

use std::io::Write;
use std::process::{Command, Stdio};

/// Runs `body` in network and mount namespaces of its own, as root there, for 180 seconds at most. `test` is the test's own
/// name, with its modules. Where no namespaces can be made, it says so and does nothing.
pub fn inside(test: &str, body: impl FnOnce()) {
    inside_with(test, &[], body);
}

/// The same, with these variables in the environment.
pub fn inside_with(test: &str, settings: &[(&str, &str)], body: impl FnOnce()) {
    const MARK: &str = "HAM_TEST_SANDBOX";
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    let myself = std::env::current_exe().expect("the test's own path");
    let as_root = Command::new("unshare").args(["-n", "true"]).output().is_ok_and(|o| o.status.success());
    let flags: &[&str] = if as_root { &["-n", "-m"] } else { &["-U", "-r", "-n", "-m"] };
    if !as_root && !Command::new("unshare").args(flags).arg("true").status().is_ok_and(|s| s.success()) {
        eprintln!("skipped: no namespaces here");
        return;
    }
    let output = Command::new("timeout")
        .args(["-s", "KILL", "180", "unshare"])
        .args(flags)
        .arg(myself)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .envs(settings.iter().copied())
        .output()
        .expect("unshare runs");
    let text = String::from_utf8_lossy;
    let status = output.status;
    assert!(
        status.success(),
        "{test} in its sandbox: {status}\n{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

/// Runs a line of shell, which has to succeed, and gives what it printed.
pub fn sh(line: &str) -> String {
    let output = Command::new("sh").args(["-ec", line]).output().expect("a shell");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

/// A cable: `name` and its other end, `name` with a `p` behind it, both up.
pub fn veth(name: &str) {
    sh(&format!(
        "ip link add {name} type veth peer name {name}p; ip link set {name} up; ip link set {name}p up"
    ));
}

/// Runs many lines of `ip`.
pub fn ip_batch(lines: &str) {
    let mut ip = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().expect("ip runs");
    ip.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("ip reads");
    assert!(ip.wait().expect("ip ends").success());
}
