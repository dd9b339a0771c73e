//! A table that is watched: printed again when it is another, and only then; an end in good order.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use lenswarden::store::{Batch, DaemonRecord, Writer};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::console::estate;
use crate::sample;

/// A database that this test writes, and programs that watch it.
struct Watched {
    folder: tempfile::TempDir,
    writer: Writer,
}

impl Watched {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("lenswarden.db");
        let writer = estate::write(&database, &estate::of(6));
        std::fs::write(folder.path().join("config.toml"), format!("[daemon]\ndatabase = \"{}\"\n", database.display()))
            .unwrap();
        Self { folder, writer }
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn start(&self, words: &[&str]) -> (Child, BufReader<ChildStdout>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lenswarden"));
        command.arg("--config").arg(self.configuration()).args(words).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        (child, out)
    }

    /// Something that no table of devices shows.
    fn disturb(&mut self, number: u64) {
        let daemon = DaemonRecord { host: format!("monitor{number}"), ..estate::daemon() };
        self.writer.commit(&Batch { at: estate::NOW, daemon: Some(daemon), ..Batch::default() }).unwrap();
    }

    fn appear(&mut self, id: u64) {
        let devices = vec![sample::device(id, 1)];
        self.writer.commit(&Batch { at: estate::NOW, devices, ..Batch::default() }).unwrap();
    }
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// The next document: lines up to the one that ends an array.
fn document(out: &mut BufReader<ChildStdout>) -> Vec<Value> {
    let mut text = String::new();
    while !text.ends_with("]\n") || text.lines().last() != Some("]") {
        assert!(out.read_line(&mut text).unwrap() > 0, "it ended: {text}");
    }
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_document_comes_with_each_change_of_what_it_shows_and_with_no_other() {
    let mut watched = Watched::new();
    let (mut child, mut out) = watched.start(&["devices", "--json", "--watch=1", "mac:44:19:b6"]);
    let before = document(&mut out);
    for round in 0..3 {
        watched.disturb(round);
        watched.appear(1_000 + round);
        let after = document(&mut out);
        // Every document has what the one before had not: none was printed for the daemon's record alone.
        assert!(after.iter().any(|row| row["id"] == 1_000 + round), "{round}");
        assert_eq!(after.len(), before.len() + 1 + usize::try_from(round).unwrap());
    }
    watched.disturb(9);
    signal(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn tables_stand_below_each_other_and_ctrl_c_ends_them() {
    let mut watched = Watched::new();
    let (mut child, out) = watched.start(&["devices", "--csv", "--watch"]);
    let mut lines = out.lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("ID,MAC,"));
    watched.appear(1_000);
    assert!(lines.any(|line| line.is_empty()), "an empty line stands between two tables");
    assert!(lines.next().unwrap().starts_with("ID,MAC,"));
    assert!(lines.any(|line| line.starts_with("1000,")));
    signal(&child, Signal::SIGINT);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // What is no number of seconds is no filter word either.
    let (mut wrong, _) = watched.start(&["targets", "--watch=soon"]);
    assert_eq!(wrong.wait().unwrap().code(), Some(2));
}

#[test]
fn it_ends_when_nobody_reads_any_more_though_nothing_changes() {
    let watched = Watched::new();
    for words in [["devices", "--json", "--watch"], ["sites", "--csv", "--watch"], ["log", "--json", "--watch"]] {
        let (mut child, mut out) = watched.start(&words);
        out.read_line(&mut String::new()).unwrap();
        drop(out);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{words:?}");
    }
}

#[test]
fn a_daemon_that_stops_is_heard_though_the_table_is_the_same() {
    let mut watched = Watched::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lenswarden"));
    command.arg("--config").arg(watched.configuration()).args(["sites", "--watch=1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut words = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(!words.next().unwrap().contains("daemon stopped"));
    let stopped = DaemonRecord { stopped: Some(estate::NOW), ..estate::daemon() };
    watched.writer.commit(&Batch { at: estate::NOW, daemon: Some(stopped), ..Batch::default() }).unwrap();
    assert!(words.any(|line| line.contains("daemon stopped")));
    signal(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut tables = String::new();
    child.stdout.take().unwrap().read_to_string(&mut tables).unwrap();
    assert_eq!(tables.matches("SENSITIVITY").count(), 1, "{tables}");
}

#[test]
fn a_database_that_goes_away_ends_it_with_a_reason() {
    let watched = Watched::new();
    let said = |path: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lenswarden"));
        let out = command.arg("--config").arg(path).args(["devices", "--watch"]).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    std::fs::write(watched.configuration(), "[daemon]\ndatabase = \"/nowhere/x.db\"\n").unwrap();
    let (code, words) = said(&watched.configuration());
    assert!(code == Some(2) && words.contains("/nowhere/x.db"), "{words}");
}
