//! Another host: a network namespace beside the test's own.

use crate::sandbox::sh;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A network namespace, which ends when this is dropped, or after 150 seconds.
pub struct Host(Child);

impl Host {
    /// With a loopback device that is down, and nothing else.
    #[allow(clippy::new_without_default, reason = "it starts a process")]
    pub fn new() -> Host {
        let run = ["-n", "sh", "-c", "echo ready; exec sleep 150"];
        let mut child =
            Command::new("unshare").args(run).stdout(Stdio::piped()).spawn().expect("unshare runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("it says something");
        assert_eq!(line, "ready\n", "no network namespace");
        Host(child)
    }

    /// A process in it, as `ip link set DEVICE netns PID` wants it.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// A descriptor of it.
    pub fn open(&self) -> File {
        File::open(format!("/proc/{}/ns/net", self.0.id())).expect("a namespace")
    }

    /// Runs a line of shell there; it has no single quote in it.
    pub fn sh(&self, line: &str) -> String {
        sh(&format!("nsenter --net=/proc/{}/ns/net sh -ec '{line}'", self.0.id()))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
