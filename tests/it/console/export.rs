//! What is filtered, in a file: asked for, written, and every way that fails.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use lenswarden::console::{Effect, Msg};
use lenswarden::net::text::hides_or_moves;
use serde_json::Value;

use super::{Desk, SIZES, VIEWS, estate};

fn desk() -> Desk {
    Desk::new(&estate::of(120), SIZES[0], false)
}

/// Asks for a file of that name.
fn ask(desk: &mut Desk, name: &str) {
    desk.type_in("e<C-u>");
    desk.tell(Msg::Paste(name.into()));
    desk.type_in("<Enter>");
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_asked_for_written_and_told_in_full() {
    let folder = tempfile::Builder::new().prefix("a-folder-with-a-long-name-that-fills-the-line-").tempdir().unwrap();
    let mut desk = desk();
    desk.tell(Msg::Clock(estate::NOW));
    desk.type_in("4/maker:axis<Enter>e");
    desk.shows("lenswarden-devices-20261126-060000.csv");
    insta::assert_snapshot!("export_asking", desk.screen());
    let path = folder.path().join("axis.csv");
    ask(&mut desk, path.to_str().unwrap());
    assert_eq!(desk.effects, [Effect::Export]);
    desk.shows("export what is filtered");
    desk.write_file();
    // Where it lies is to be read whole, in as many lines as that takes.
    let said: String = desk.screen().lines().rev().skip(1).take(3).collect::<Vec<_>>().into_iter().rev().collect();
    let said = said.replace(' ', "");
    assert!(said.contains(&format!("17rowsasCSV:{}", path.display())), "{}", desk.screen());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("ID,MAC,IP,CLASS,MAKER,"), "{text}");
    assert_eq!((text.lines().count(), text.lines().skip(1).all(|line| line.contains("Axis"))), (18, true), "{text}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(folder.path()), ["axis.csv"]);
    desk.type_in("<Down>");
    desk.lacks("rows as CSV");
}

#[test]
fn every_view_is_written_in_both_forms_with_the_rows_that_it_lists() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk();
    let names = VIEWS.into_iter().chain([("parts", "1<Enter>"), ("visits", "7v")]);
    for (name, keys) in names {
        desk.type_in(keys);
        let csv = desk.export(&folder.path().join(format!("{name}.csv")));
        let json = desk.export(&folder.path().join(format!("{name}.json")));
        let rows: Vec<csv::StringRecord> =
            csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect();
        let values: Vec<Value> = serde_json::from_str(&json).unwrap();
        assert_eq!(rows.len(), values.len(), "{name}");
        assert!(!rows.is_empty(), "{name}");
        desk.shows(&format!("{} row", rows.len()));
        let listed = format!("{} of {}", rows.len().min(2_000), rows.len());
        desk.type_in("<Home>Y");
        // Cycles stand above the findings and are none of them; of the log a part is read.
        if !matches!(name, "activity" | "targets") {
            desk.shows(&listed);
        }
        desk.type_in("<Esc><Esc>");
    }
}

#[test]
fn what_cannot_be_written_is_said_where_the_name_is_and_may_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("old.csv"), "old").unwrap();
    symlink(at("aim.csv"), at("link.csv")).unwrap();
    let mut desk = desk();
    desk.type_in("4");
    for (name, words) in
        [("", "a file needs a name"), ("devices.xls", "must end in .csv or in .json"), ("csv", "must end in")]
    {
        ask(&mut desk, name);
        desk.shows(words);
        assert_eq!(desk.effects, [], "{name}");
        desk.type_in("<Esc>");
    }
    for (name, words) in [
        (at("old.csv"), "already, and nothing"),
        (at("link.csv"), "already, and nothing"),
        (at("gone/a.csv"), "there is no folder"),
        (at("old.csv/a.csv"), "is no folder"),
        ("/sys/a.csv".to_owned(), "you may not make files in /sys"),
    ] {
        ask(&mut desk, &name);
        desk.write_file();
        let screen = desk.screen().replace('\n', " ");
        let screen: Vec<&str> = screen.split_whitespace().collect();
        assert!(screen.join(" ").contains(words), "{name}: {}", desk.screen());
        desk.shows("name: ");
        desk.type_in("<Esc>");
    }
    // Mended at once: the name stands where it was.
    ask(&mut desk, &at("old.csv"));
    desk.write_file();
    desk.type_in("<Left><Left><Left><Left>er<Enter>").write_file();
    desk.shows("rows as CSV");
    // A character that does not show never comes into a name.
    ask(&mut desk, &at("a\u{1b}[2J\u{202e}b.csv"));
    desk.write_file();
    assert_eq!(std::fs::read(at("old.csv")).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["a[2Jb.csv", "link.csv", "old.csv", "older.csv"]);
}

#[test]
fn a_file_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::new(&estate::of(1_200), SIZES[0], false);
    ask(desk.type_in("4"), folder.path().join("a.csv").to_str().unwrap());
    let job = desk.model.take_job().unwrap();
    let mut desk = std::cell::RefCell::new(desk);
    let path = desk.borrow().path();
    let exported = job.run(&path, |done| {
        let desk = &mut *desk.borrow_mut();
        desk.tell(Msg::Exporting(done));
        if done == 500 {
            desk.shows("writing the file: 500 of 1,");
            // One is written at a time.
            desk.type_in("e");
            desk.shows("writing the file: 500 of 1,");
            desk.lacks("name: ");
            desk.type_in("<Esc>");
        }
        assert!(done <= 500);
    });
    assert_eq!(exported, Err("given up: no file is left of it".to_owned()));
    let desk = desk.get_mut();
    desk.tell(Msg::Exported(exported));
    desk.shows("given up: no file is left of it");
    assert_eq!(names(folder.path()), [""; 0]);
    desk.type_in("<Esc>");
    desk.lacks("given up");
}

#[test]
fn a_part_of_the_devices_is_not_written_as_if_it_were_all() {
    let mut desk = desk();
    desk.type_in("4");
    desk.tell(Msg::Loading(300_000));
    for (keys, refused) in
        [("1", true), ("2", true), ("3", false), ("4", true), ("5", true), ("6", false), ("7", false)]
    {
        desk.type_in(keys).type_in("e");
        assert_eq!(desk.screen().contains("devices are still read, 182 of 300,000"), refused, "{}", desk.screen());
        desk.type_in("<Esc>Y");
        assert_eq!(desk.effects.pop().is_none(), refused, "{keys}");
    }
    // A list that is asked for while it is read is looked at again before it is written.
    desk.tell(Msg::Loaded);
    desk.type_in("4e");
    desk.tell(Msg::Loading(300_000));
    desk.type_in("<Enter>");
    desk.shows("a part would look like the whole");
    desk.shows("name: ");
    desk.tell(Msg::Loaded);
    desk.type_in("<Enter>");
    assert_eq!(desk.effects, [Effect::Export]);
}

/// Set in the process that has mounts of its own: the folder with them.
const MOUNTS: &str = "LENSWARDEN_TEST_MOUNTS";

#[test]
fn a_full_disk_and_a_folder_that_can_only_be_read_are_said() {
    let Some(mounts) = std::env::var_os(MOUNTS) else { return in_mounts_of_its_own() };
    let (full, closed) = (Path::new(&mounts).join("full"), Path::new(&mounts).join("closed"));
    let mut desk = Desk::new(&estate::of(900), SIZES[0], false);
    for form in ["csv", "json"] {
        ask(desk.type_in("4"), full.join(format!("a.{form}")).to_str().unwrap());
        desk.write_file();
        desk.shows("there is no room left in");
        assert_eq!(names(&full), [""; 0]);
    }
    ask(&mut desk, closed.join("a.csv").to_str().unwrap());
    desk.write_file();
    desk.shows("can only be read");
    desk.shows("name: ");
}

/// Runs the test above once more, where a folder is full and another cannot be written to.
fn in_mounts_of_its_own() {
    let allowed = Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success());
    if !allowed {
        eprintln!("not tested: no mounts can be made here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mount =
        "mkdir full closed && mount -t tmpfs -o size=64k none full && mount -t tmpfs -o ro none closed && exec \"$@\"";
    let test = "console::export::a_full_disk_and_a_folder_that_can_only_be_read_are_said";
    let out = Command::new("unshare")
        .args(["-Urm", "sh", "-c", mount, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(MOUNTS, folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn what_is_written_of_a_filter_holds_no_character_that_hides() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk();
    for form in ["csv", "json"] {
        let text = desk.type_in("7").export(&folder.path().join(format!("log.{form}")));
        assert!(text.lines().count() > 100 && !text.contains(|c: char| c != '\n' && hides_or_moves(c)));
    }
}
