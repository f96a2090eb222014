//! What docs/ham.toml has of a section.

use super::{About, Shown, ValueKind};

const WIDTH: usize = 120;

/// A section that is written with a name, or many times: it stands there in comments.
pub struct Named {
    /// What is said of it.
    pub introduction: &'static str,
    /// How it may look.
    pub examples: &'static [Example],
    /// Its keys; each stands in an example.
    pub keys: Vec<About>,
}

/// An example of a section, with keys and values as TOML has them.
pub struct Example {
    /// With its brackets.
    pub heading: &'static str,
    /// Keys and values.
    pub lines: &'static [(&'static str, &'static str)],
}

/// A section with its defaults.
pub fn plain(out: &mut String, name: &str, introduction: &str, keys: &[About]) {
    paragraphs(out, introduction, "");
    out.push_str(&format!("[{name}]\n"));
    for (i, key) in keys.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        paragraphs(out, &format!("{}{}", before(key), said(key)), "");
        match key.shown {
            Shown::Default(value) => out.push_str(&format!("{} = {value}\n", key.name)),
            Shown::Example(value) => out.push_str(&format!("# {} = {value}\n", key.name)),
        }
    }
}

/// A section in comments: what is said of it, examples, and its keys.
pub fn named(out: &mut String, section: &Named) {
    paragraphs(out, section.introduction, "");
    for example in section.examples {
        out.push_str(&format!("#\n# {}\n", example.heading));
        example.lines.iter().for_each(|(key, value)| out.push_str(&format!("# {key} = {value}\n")));
    }
    let said_of = section.keys.iter().filter(|key| !key.text.is_empty());
    for (i, key) in said_of.enumerate() {
        if i == 0 {
            out.push_str("#\n");
        }
        let default = match key.shown {
            Shown::Default("[]") => " None by default.".to_owned(),
            Shown::Default(value) => format!(" By default {value}."),
            Shown::Example(_) => String::new(),
        };
        paragraphs(out, &format!("{}: {}{default}", key.name, said(key)), "    ");
    }
}

fn before(key: &About) -> String {
    let Some(variable) = key.variable else { return String::new() };
    let how = match key.kind {
        ValueKind::Switch => " (0 or 1)",
        ValueKind::List => " (names with commas between them)",
        _ => "",
    };
    format!("{variable}{how}: ")
}

fn said(key: &About) -> String {
    let range = key.kind.bounds().map(|(least, greatest)| format!("{least} to {greatest}"));
    key.text.replace("{range}", &range.unwrap_or_default())
}

/// Comments no wider than `WIDTH`; lines that go on begin with `indent`.
fn paragraphs(out: &mut String, text: &str, indent: &str) {
    for paragraph in text.lines() {
        let mut line = "#".to_owned();
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                out.push_str(&line);
                out.push('\n');
                line = format!("#{indent}");
            }
            line.push(' ');
            line.push_str(word);
        }
        out.push_str(&line);
        out.push('\n');
    }
}
