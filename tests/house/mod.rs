//! What the sources say: the packages of the workspace, their modules, and every path that is written in them.
//!
//! Code under `#[cfg(test)]` is left out, and so are the modules that stand behind it.

pub mod picture;
pub mod rules;
mod scan;
mod small;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A text for each file, by its path from the root of the tree.
pub type Files = BTreeMap<String, String>;

/// The workspace.
pub struct House {
    pub packages: Vec<Package>,
}

/// A package: a library, or a program.
pub struct Package {
    pub name: String,
    /// Where it stands, "" for the root, else with a slash at the end.
    pub folder: String,
    /// The packages that it is built with, and the lines that say so; what only its tests need is not among them.
    pub dependencies: Vec<(String, usize)>,
    /// The packages of the workspace.
    neighbours: BTreeSet<String>,
    pub modules: Vec<Module>,
}

/// A file, or a module that is written out within one.
pub struct Module {
    pub file: String,
    /// The name of the package, and the modules down to this one.
    pub path: Vec<String>,
    pub items: Vec<Item>,
    pub references: Vec<Reference>,
    /// The lines with `unsafe` in them.
    pub unsafes: Vec<usize>,
    uses: Vec<Use>,
    children: BTreeSet<String>,
}

/// A type, a trait or a function at the level of a module.
pub struct Item {
    pub name: String,
    pub line: usize,
}

/// A path that is written somewhere: an import, a call, a type.
pub struct Reference {
    pub line: usize,
    /// From the name of the package on.
    pub path: Vec<String>,
    /// A `pub use`, of whatever visibility.
    pub reexport: bool,
}

/// The manifests and sources below `root`: of it, of crates/*, and of the folders beside it.
pub fn files(root: &Path) -> Files {
    let mut found = Files::new();
    let folders = |of: &Path| fs::read_dir(of).into_iter().flatten().flatten().map(|entry| entry.path());
    let places = folders(root).chain(folders(&root.join("crates"))).chain([root.to_path_buf()]);
    for package in places.filter(|place| place.join("src").is_dir()) {
        let mut waiting = vec![package.join("Cargo.toml"), package.join("src")];
        while let Some(place) = waiting.pop() {
            if place.is_dir() {
                waiting.extend(folders(&place));
            } else if place.extension().is_some_and(|end| end == "rs" || end == "toml") {
                let name = place.strip_prefix(root).expect("a path below the root").display().to_string();
                found.insert(name, fs::read_to_string(&place).expect("a source in UTF-8"));
            }
        }
    }
    found
}

impl House {
    pub fn read(files: &Files) -> House {
        let manifests =
            files.iter().filter_map(|(file, text)| Some((file.strip_suffix("Cargo.toml")?, text)));
        let mut packages: Vec<Package> =
            manifests.map(|(folder, text)| Package::manifest(folder, text)).collect();
        let names: BTreeSet<_> = packages.iter().map(|package| package.name.clone()).collect();
        for package in &mut packages {
            package.neighbours = names.clone();
            package.sources(files);
        }
        House { packages }
    }
}

impl Package {
    fn manifest(folder: &str, text: &str) -> Package {
        let manifest: toml::Table = text.parse().expect("a manifest");
        let name = manifest["package"]["name"].as_str().expect("a name").replace('-', "_");
        let targets = manifest.get("target").and_then(|list| list.as_table()).into_iter().flatten();
        let tables = targets.filter_map(|(_, target)| target.get("dependencies"));
        let tables =
            tables.chain(["dependencies", "build-dependencies"].iter().filter_map(|key| manifest.get(*key)));
        let mut dependencies = Vec::new();
        for (key, value) in tables.filter_map(|table| table.as_table()).flatten() {
            let name = value.get("package").and_then(|name| name.as_str()).unwrap_or(key);
            let line = text.lines().position(|line| line.starts_with(key)).map_or(0, |line| line + 1);
            dependencies.push((name.replace('-', "_"), line));
        }
        Package {
            name,
            folder: folder.to_string(),
            dependencies,
            neighbours: BTreeSet::new(),
            modules: Vec::new(),
        }
    }

    fn sources(&mut self, files: &Files) {
        for file in files.keys() {
            let Some(root) = file.strip_prefix(&format!("{}src/", self.folder)) else { continue };
            let mut path = vec![self.name.clone()];
            match root.strip_prefix("bin/") {
                Some(program) if !program.contains('/') => path.push(format!("bin {program}")),
                None if root == "lib.rs" => {}
                None if root == "main.rs" => path.push("bin main".to_string()),
                _ => continue,
            }
            scan::file(files, file, path, &mut self.modules);
        }
        let references = self.modules.iter().map(|module| self.resolve_all(module)).collect::<Vec<_>>();
        for (module, references) in self.modules.iter_mut().zip(references) {
            module.references = references;
        }
    }

    fn resolve_all(&self, module: &Module) -> Vec<Reference> {
        let of_uses = module.uses.iter().map(|one| (one.line, &one.path, one.reexport));
        let others = module.references.iter().map(|one| (one.line, &one.path, false));
        let all = of_uses.chain(others);
        let resolved = all.filter_map(|(line, path, reexport)| {
            let path = self.resolve(module, path, 0)?;
            Some(Reference { line, path, reexport })
        });
        resolved.collect()
    }

    /// The path from the package on; None for what is local to a function, or built in.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<Vec<String>> {
        let here = &module.path;
        // The root of a program is called `bin NAME`.
        let root = 1 + here.iter().filter(|part| part.starts_with("bin ")).count();
        let (base, rest) = match path.first()?.as_str() {
            "crate" => (here[..root].to_vec(), &path[1..]),
            "self" => (here.clone(), &path[1..]),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                (here[..here.len().saturating_sub(up)].to_vec(), &path[up..])
            }
            name => match self.named(module, name, depth) {
                Some(base) => (base, &path[1..]),
                None => {
                    let outside = ["std", "core", "alloc"].contains(&name)
                        || self.neighbours.contains(name)
                        || self.dependencies.iter().any(|(one, _)| one == name);
                    (Vec::new(), if outside { path } else { return None })
                }
            },
        };
        Some([&base, rest].concat())
    }

    /// What `name` is in a module: imported, its own, or there by a `use super::*`.
    fn named(&self, module: &Module, name: &str, depth: usize) -> Option<Vec<String>> {
        if depth > 4 {
            return None;
        }
        // `use libc::libc` would be looked up in itself.
        let mut uses = module.uses.iter().filter(|one| one.path[0] != name);
        if let Some(one) = uses.find(|one| one.name.as_deref() == Some(name)) {
            return self.resolve(module, &one.path, depth + 1);
        }
        if module.children.contains(name) || module.items.iter().any(|item| item.name == name) {
            return Some(below(&module.path, name));
        }
        module.uses.iter().filter(|one| one.name.is_none()).find_map(|glob| {
            let path = self.resolve(module, &glob.path, depth + 1)?;
            self.named(self.modules.iter().find(|one| one.path == path)?, name, depth + 1)
        })
    }
}

/// The path of what is called `name` in the module at `path`.
fn below(path: &[String], name: &str) -> Vec<String> {
    [path, &[name.to_string()]].concat()
}

/// A path as it is written in an import.
struct Use {
    line: usize,
    path: Vec<String>,
    /// What it is called here; None for `*`.
    name: Option<String>,
    reexport: bool,
}
