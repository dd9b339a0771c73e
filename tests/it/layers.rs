//! The house's rules that a compiler does not check: who may import whom, how long a file may be, which rooms
//! hold no clock and do no I/O. The table is the one in `src/lib.rs`: the test reads it from there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MAX_LINES: usize = 500;
const PURE: [&str; 5] = ["maker", "inventory", "policy", "review", "snapshot"];
/// Words that betray a clock, I/O, async or printing in a pure room.
const IMPURE: [&str; 11] = [
    "Timestamp::now",
    "SystemTime",
    "Instant::now",
    "Zoned::now",
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "tokio::",
    "async fn",
    "std::env",
    "std::thread",
];

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// `room -> rooms it may name`, from the table in the crate's documentation, which is in import order.
fn table() -> Vec<(String, BTreeSet<String>)> {
    let documentation = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    let mut rows: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in documentation.lines().filter_map(|line| line.strip_prefix("//! | [`")) {
        let (room, rest) = line.split_once("`]").unwrap();
        let cell = rest.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        let above: BTreeSet<String> = rows.iter().map(|(name, _)| name.clone()).collect();
        let may = match cell {
            "nothing of ours" => BTreeSet::new(),
            "all above" => above,
            "any" => rooms_on_disk(),
            "net (and protocol crates)" => BTreeSet::from(["net".to_owned()]),
            names => names.split_whitespace().map(str::to_owned).collect(),
        };
        rows.push((room.to_owned(), may));
    }
    rows
}

fn rooms_on_disk() -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(ROOT).join("src")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Source without line comments and without what stands under `#[cfg(test)]` at a file's foot.
fn code_of(text: &str) -> String {
    let body = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Rooms that a piece of code names by `crate::room` or by a braced `use crate::{room::…, room}`.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            let mut at_start = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 1 && c == ',' {
                    at_start = true;
                    word.clear();
                } else if depth == 1 && at_start && (c.is_alphanumeric() || c == '_') {
                    word.push(c);
                } else if !word.is_empty() && at_start {
                    named.insert(std::mem::take(&mut word));
                    at_start = false;
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            named.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    named
}

#[test]
fn the_table_lists_every_room_and_only_rooms_above() {
    let rows = table();
    let listed: BTreeSet<String> = rows.iter().map(|(room, _)| room.clone()).collect();
    assert_eq!(listed, rooms_on_disk());
    let mut above = BTreeSet::new();
    for (room, may) in &rows {
        if room != "cli" {
            let below: Vec<_> = may.difference(&above).collect();
            assert!(below.is_empty(), "{room} may name {below:?}, which do not stand above it");
        }
        above.insert(room.clone());
    }
}

#[test]
fn a_room_names_only_rooms_it_may() {
    let rows: BTreeMap<String, BTreeSet<String>> = table().into_iter().collect();
    let mut wrong = Vec::new();
    for (room, may) in &rows {
        let in_house = |file: &PathBuf| !file.ends_with("tests.rs");
        for file in rust_files(&Path::new(ROOT).join("src").join(room)).into_iter().filter(in_house) {
            for named in rooms_named(&code_of(&fs::read_to_string(&file).unwrap())) {
                if named != *room && !may.contains(&named) {
                    wrong.push(format!("{}: {room} may not name {named}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Its threads end before it answers, and the answer is that of one thread: as pure as the rest.
const THREADS_THAT_END: &str = "inventory/parts.rs";

#[test]
fn pure_rooms_hold_no_clock_no_async_and_no_io() {
    let mut wrong = Vec::new();
    for room in PURE {
        for file in rust_files(&Path::new(ROOT).join("src").join(room)) {
            let mut code = code_of(&fs::read_to_string(&file).unwrap());
            if file.ends_with(THREADS_THAT_END) {
                code = code.replace("std::thread", "");
            }
            wrong.extend(
                IMPURE.iter().filter(|word| code.contains(**word)).map(|word| format!("{}: {word}", file.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sql_stands_in_the_store_and_nowhere_else() {
    let named = |file: &PathBuf| code_of(&fs::read_to_string(file).unwrap()).contains("rusqlite");
    let source = Path::new(ROOT).join("src");
    let wrong: Vec<_> =
        rust_files(&source).into_iter().filter(|file| !file.starts_with(source.join("store"))).filter(named).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_file_is_about_one_thing() {
    let long: Vec<_> = ["src", "tests", "benches"]
        .iter()
        .map(|folder| Path::new(ROOT).join(folder))
        .filter(|folder| folder.exists())
        .flat_map(|folder| rust_files(&folder))
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .collect();
    assert!(long.is_empty(), "files over {MAX_LINES} lines: {long:#?}");
}

#[test]
fn the_reader_of_imports_reads_every_form() {
    let code = "use crate::net::MacAddr;\nuse crate::{config::{Config, Site}, store};\nfn f() { crate::review::x() }";
    let expected: BTreeSet<String> = ["net", "config", "store", "review"].map(str::to_owned).into();
    assert_eq!(rooms_named(code), expected);
}
