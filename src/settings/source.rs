//! The text of a file, and errors that name file, line and key.

use crate::error::Error;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The text of a file, which may hold keys.
pub struct Text {
    /// What stands in it.
    pub text: Zeroizing<String>,
    /// All users of the host can read it.
    pub public: bool,
}

/// Reads a file.
pub fn read(mut file: fs::File) -> io::Result<Text> {
    let about = file.metadata()?;
    // As long as it has to be from the start: a string that grows leaves copies of keys behind.
    let mut text = Zeroizing::new(String::with_capacity(about.len() as usize + 1));
    file.read_to_string(&mut text)?;
    Ok(Text { text, public: about.mode() & 0o004 != 0 })
}

/// Where the file is, and its text: what an error names.
pub struct Source<'a> {
    /// The file.
    pub path: &'a Path,
    /// What stands in it.
    pub text: &'a str,
    /// The keys that an error may name. What else stands there can be a secret in the wrong place.
    pub keys: &'a [&'static str],
}
impl Source<'_> {
    /// An error at a byte of the text.
    pub fn error(&self, at: usize, what: &str) -> Error {
        let line = self.text.split('\n').nth(self.line(at)).unwrap_or_default();
        let key = line.split('=').next().map(str::trim).filter(|key| self.keys.contains(key));
        let key = key.map(|key| format!(" key {key:?}:")).unwrap_or_default();
        fail(format!("{}{key} {what}", self.place(at)))
    }

    /// A byte of the text, as errors say where it is.
    pub fn place(&self, at: usize) -> String {
        format!("{}: line {}:", self.path.display(), self.line(at) + 1)
    }

    /// A relative file is sought beside the configuration.
    pub fn beside(&self, file: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(file)
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    /// An error of the parser.
    pub fn parse_error(&self, error: &toml::de::Error) -> Error {
        self.error(error.span().map_or(0, |span| span.start), error.message())
    }
}

/// An error of the configuration.
pub fn fail(text: String) -> Error {
    Error::Invalid(format!("configuration: {text}"))
}
