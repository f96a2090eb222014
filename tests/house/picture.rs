//! docs/rooms.md: the rooms by rank, their arrows, and what each is for, made of the sources.

use super::rules::{Known, RANKS, allowed, known};
use super::{Files, House};

/// The picture and the table.
pub fn picture(files: &Files, house: &House) -> String {
    let known = known(house);
    let mut text = "# The rooms

Made of the sources; `make picture` makes it anew. An arrow says who knows whom. One that others stand for is left out: from
the foot of an arrow everything is known that can be reached from there.

```mermaid
flowchart TD
"
    .to_string();
    let ranks = RANKS.iter().map(|rooms| rooms.to_vec()).rev().chain([crates(house)]);
    let ranks: Vec<Vec<&str>> =
        ranks.map(|rooms| there(rooms, files)).filter(|rooms| !rooms.is_empty()).collect();
    for (rank, rooms) in ranks.iter().enumerate() {
        text += &format!("    subgraph rank{rank}[\" \"]\n        {}\n    end\n", rooms.join("\n        "));
    }
    for room in ranks.iter().flatten() {
        for arrow in arrows(&known, room) {
            text += &format!("    {room} --> {arrow}\n");
        }
    }
    text += "```\n\n| room | what for |\n|---|---|\n";
    for room in ranks.iter().flatten() {
        let file = file(files, room).expect("a room that is there");
        text += &format!("| [`{room}`](../{file}) | {} |\n", purpose(&files[&file]));
    }
    text
}

fn crates(house: &House) -> Vec<&str> {
    let crates = house.packages.iter().filter(|package| package.folder.starts_with("crates/"));
    crates.map(|package| package.name.as_str()).collect()
}

fn there<'a>(rooms: Vec<&'a str>, files: &Files) -> Vec<&'a str> {
    rooms.into_iter().filter(|room| file(files, room).is_some()).collect()
}

fn file(files: &Files, room: &str) -> Option<String> {
    let places =
        [format!("src/{room}/mod.rs"), format!("src/{room}.rs"), format!("crates/{room}/src/lib.rs")];
    places.into_iter().find(|place| files.contains_key(place))
}

/// Whom a room knows, without those that it knows by others.
fn arrows<'a>(known: &'a Known, room: &str) -> Vec<&'a str> {
    let of = |room: &str| {
        let rooms = known.get(room).into_iter().flatten();
        rooms.filter(|other| allowed(room, other)).map(String::as_str).collect::<Vec<_>>()
    };
    let mut by_others: Vec<&str> = Vec::new();
    let mut waiting: Vec<&str> = of(room).into_iter().flat_map(of).collect();
    while let Some(next) = waiting.pop() {
        if !by_others.contains(&next) {
            by_others.push(next);
            waiting.extend(of(next));
        }
    }
    of(room).into_iter().filter(|other| !by_others.contains(other)).collect()
}

/// The first sentence of a file.
fn purpose(code: &str) -> String {
    let lines = code.lines().map_while(|line| line.strip_prefix("//! "));
    let text = lines.collect::<Vec<_>>().join(" ");
    text.split_once(". ").map_or(text.trim_end_matches('.'), |(first, _)| first).replace('|', "\\|")
}
