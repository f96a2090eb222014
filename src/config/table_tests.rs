//! The table, key by key: bounds, errors, variables and defaults.

use super::*;
use crate::settings::{About, Shown, ValueKind};

/// A key with its section, as it is written.
struct Place {
    heading: String,
    key: About,
}

/// Every key, but those of `[keys.NAME]`, which are read by hand.
fn places() -> Vec<Place> {
    let place = |heading: String| move |key: About| Place { heading: heading.clone(), key };
    let plain = table::SECTIONS.iter().flat_map(|section| {
        crate::settings::about(section.keys).into_iter().map(place(format!("[{}]", section.name)))
    });
    let named = crate::technology::SECTIONS.iter().flat_map(|sections| {
        (sections.sample)().keys.into_iter().map(place(format!("[{}.a]", sections.technology)))
    });
    let map = crate::settings::about(maps::KEYS).into_iter().map(place("[[map]]".into()));
    plain.chain(named).chain(map).collect()
}

const DESK: &str =
    "[keys.desk]\nalgorithm = \"aes-256-gcm\"\nkey = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"\n";

impl Place {
    /// What has to stand beside the key.
    fn beside(&self) -> &'static str {
        match (self.heading.as_str(), self.key.name) {
            ("[overlay.a]", "mode") => "routers = [\"tcp/a:1\"]\n",
            ("[overlay.a]", "block_ms") => "congestion = \"block\"\n",
            ("[overlay.a]", "tls_certificate") => "tls_key = \"k\"\n",
            ("[overlay.a]", "tls_key") => "tls_certificate = \"c\"\n",
            ("[overlay.a]", "user") => "password_file = \"p\"\n",
            ("[overlay.a]", "password_file") => "user = \"u\"\n",
            ("[[map]]", "name" | "prefix") => "addresses = [\"239.1.2.3\"]\n",
            ("[[map]]", "addresses") => "name = \"ham:opaque:a\"\n",
            ("[[map]]", "framed") => "name = \"ham:opaque:a\"\naddresses = [\"239.1.2.3\"]\n",
            _ => "",
        }
    }

    fn read(&self, line: &str) -> Result<Config> {
        let text = format!("{DESK}{}\n{}{line}\n", self.heading, self.beside());
        let mut config = Config::default();
        let text = source::Text { text: text.into(), public: false };
        file::apply(&mut config, Path::new("ham.toml"), &text).map(|_| config)
    }

    fn line(&self) -> usize {
        DESK.lines().count() + 1 + self.beside().lines().count() + 1
    }

    fn accepted(&self, value: &str) -> Config {
        let line = format!("{} = {value}", self.key.name);
        self.read(&line).unwrap_or_else(|e| panic!("{} {line}: {e}", self.heading))
    }

    fn refused(&self, value: &str) {
        let line = format!("{} = {value}", self.key.name);
        let error = match self.read(&line) {
            Ok(_) => panic!("{} {line}: it is taken", self.heading),
            Err(error) => error,
        };
        assert_eq!(error.errno(), libc::EINVAL);
        let place = format!("ham.toml: line {}: key {:?}: ", self.line(), self.key.name);
        assert!(error.to_string().contains(&place), "{} {line}: {error}", self.heading);
    }

    /// As the variable says it, with the key \"desk\" there.
    fn by_variable(&self, value: &str) -> Option<Result<Config>> {
        let variable = self.key.variable?;
        let mut config = Config::default();
        let text = source::Text { text: DESK.to_owned().into(), public: false };
        file::apply(&mut config, Path::new("ham.toml"), &text).unwrap();
        let environment = |name: &str| (name == variable).then(|| value.to_owned());
        let applied =
            table::SECTIONS.iter().try_for_each(|s| variable::apply(s.keys, &mut config, &environment));
        Some(applied.map(|()| config))
    }
}

#[test]
fn every_bound_is_held_by_file_and_variable() {
    let mut bounded = 0;
    for place in places() {
        let Some((least, greatest)) = place.key.kind.bounds() else { continue };
        bounded += 1;
        for value in [least, greatest] {
            let value = value.to_string();
            let config = place.accepted(&value);
            if let Some(same) = place.by_variable(&value) {
                assert_eq!(same.unwrap(), config, "{}", place.key.name);
            }
        }
        let beyond = [least.checked_sub(1), greatest.checked_add(1)];
        for value in beyond.into_iter().flatten().map(|value| value.to_string()) {
            place.refused(&value);
            if let Some(applied) = place.by_variable(&value) {
                let (error, variable) = (applied.unwrap_err().to_string(), place.key.variable.unwrap());
                assert!(error.contains(&format!("configuration: {variable}: {value} is n")), "{error}");
            }
        }
        if let ValueKind::ZeroOr { .. } = place.key.kind {
            place.accepted("0");
        }
    }
    assert!(bounded >= 19, "{bounded}");
}

#[test]
fn every_key_takes_its_kind_and_no_other() {
    for place in places() {
        let (Shown::Default(shown) | Shown::Example(shown)) = place.key.shown;
        if (place.key.name, shown) != ("zenoh_config", "\"lab.json5\"") {
            place.accepted(shown);
        }
        place.refused("{ a = 1 }");
        place.refused(match place.key.kind {
            ValueKind::Number { .. } | ValueKind::ZeroOr { .. } | ValueKind::Switch => "\"1\"",
            ValueKind::Text | ValueKind::List => "true",
            ValueKind::Word(_) | ValueKind::Level => "\"neither\"",
        });
    }
}

#[test]
fn every_variable_says_what_the_key_says() {
    for place in places() {
        let (Shown::Default(shown) | Shown::Example(shown)) = place.key.shown;
        let values = match place.key.kind {
            ValueKind::Switch => vec![("true", "1"), ("true", "true"), ("false", "0"), ("false", "false")],
            ValueKind::List => vec![("[\"a\", \"b\"]", "a, b")],
            ValueKind::Level => vec![("\"info\"", "info")],
            _ => vec![(shown, shown.trim_matches('"'))],
        };
        for (written, said) in values {
            if let Some(config) = place.by_variable(said) {
                assert_eq!(config.unwrap(), place.accepted(written), "{}", place.key.name);
            }
        }
    }
}

#[test]
fn the_default_that_is_shown_is_in_force() {
    let mut shown = 0;
    for place in places() {
        if let Shown::Default(value) = place.key.shown {
            shown += 1;
            assert_eq!(
                place.accepted(value),
                place.read("").unwrap(),
                "{} {}",
                place.heading,
                place.key.name
            );
        }
    }
    assert!(shown >= 25, "{shown}");
}

#[test]
fn every_key_stands_in_the_sample_once_where_it_belongs() {
    let sample = sample();
    for section in &table::SECTIONS {
        let begin = sample.find(&format!("\n[{}]\n", section.name)).unwrap() + 1;
        let rest = &sample[begin + 1..];
        let text = &rest[..rest.find("\n[").unwrap_or(rest.len())];
        for key in section.keys {
            let line = match key.about.shown {
                Shown::Default(value) => format!("{} = {value}", key.about.name),
                Shown::Example(value) => format!("# {} = {value}", key.about.name),
            };
            assert_eq!(text.lines().filter(|other| **other == line).count(), 1, "{line}");
            let variable = key.about.variable.unwrap();
            assert!(text.contains(&format!("\n# {variable}")), "{variable}");
        }
    }
    for named in
        crate::technology::SECTIONS.iter().map(|sections| (sections.sample)()).chain([keys::sample()])
    {
        for key in named.keys {
            let stands =
                named.examples.iter().flat_map(|example| example.lines).any(|line| line.0 == key.name);
            assert!(stands && sample.contains(&format!("\n# {} = ", key.name)), "{}", key.name);
        }
    }
    for key in maps::KEYS {
        let mut lines = maps::EXAMPLES.iter().flat_map(|example| example.lines);
        assert!(lines.any(|line| line.0 == key.about.name), "{}", key.about.name);
    }
    assert!(sample.lines().all(|line| line.chars().count() <= 120));
}
