//! A database that cannot be read: console and command line say the same of it, what it is and what to type, before
//! there is a picture and while there is one, and go on when it is over.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lenswarden::console::Msg;
use lenswarden::store::{Batch, StoreError, Writer};

use super::{Desk, SIZES, estate};

/// The screen in one line: sentences wrap.
fn words(desk: &Desk) -> String {
    desk.screen().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn tells(desk: &Desk, told: &[&str]) {
    let words = words(desk);
    for told in told {
        assert!(words.contains(told), "'{told}' is not on\n{}", desk.screen());
    }
}

/// The picture, all devices, what changed since.
fn follow(desk: &mut Desk) {
    (0..4).for_each(|_| desk.refresh());
}

fn copy(from: &Path, to: &Path) {
    let bare = |path: &Path| rusqlite::Connection::open(path).unwrap();
    bare(from).execute("VACUUM INTO ?", [to.to_str().unwrap()]).unwrap();
}

fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(PathBuf::from(format!("{}{end}", path.display())));
    }
}

/// Puts this in the place of the database, as somebody does who copies a file and renames it.
fn replace(path: &Path, content: impl FnOnce(&Path)) {
    let new = path.with_extension("new");
    content(&new);
    remove(path);
    std::fs::rename(new, path).unwrap();
}

fn version(path: &Path, version: u32) {
    rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", version).unwrap();
}

/// Makes pages that do not fit together, the first one spared.
fn damage(path: &Path) {
    let mut octets = std::fs::read(path).unwrap();
    octets.iter_mut().skip(4096).for_each(|octet| *octet = 0xa5);
    std::fs::write(path, octets).unwrap();
}

/// The program over a database: its exit code and what it says.
fn run(mut command: Command, database: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let config = folder.path().join("config.toml");
    let socket = database.with_file_name("control.sock");
    std::fs::write(&config, format!("[daemon]\ndatabase = {database:?}\ncontrol-socket = {socket:?}\n")).unwrap();
    let output = command.arg("--config").arg(&config).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn lenswarden() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lenswarden"))
}

/// What the command line says of a database that it cannot read.
fn command_line(database: &Path) -> String {
    let (code, said) = run(lenswarden(), database, &["devices"]);
    assert_eq!(code, Some(2), "{said}");
    said
}

/// A trouble: how it is made of a sound database, what it is, what to type.
type Case = (&'static str, fn(&Path), &'static str, &'static str);

const CASES: [Case; 7] = [
    (
        "missing",
        remove,
        "there is no database at",
        "sudo systemctl start lenswarden. To look round without one: lenswarden demo",
    ),
    ("older", |path| version(path, 1), "has schema 1, this lenswarden needs", "sudo systemctl restart lenswarden"),
    ("newer", |path| version(path, 99), "was written by a newer lenswarden (schema 99", "systemctl cat lenswarden"),
    (
        "a text",
        |path| {
            replace(path, |new| {
                std::fs::write(new, "no database, and long enough to be taken for one. ".repeat(99)).unwrap();
            });
        },
        "is no database of lenswarden",
        "Is [daemon] database in the configuration the right file? file ",
    ),
    (
        "another program's",
        |path| {
            replace(path, |new| {
                rusqlite::Connection::open(new).unwrap().execute_batch("CREATE TABLE moz_places (id)").unwrap();
            });
        },
        "is no database of lenswarden",
        "Is [daemon] database in the configuration the right file? file ",
    ),
    (
        "damaged",
        |path| {
            replace(path, |new| {
                copy(path, new);
                damage(new);
            });
        },
        "is damaged (found while",
        "Stop the daemon, put ",
    ),
    (
        "a damaged record",
        |path| {
            replace(path, |new| {
                copy(path, new);
                let bare = rusqlite::Connection::open(new).unwrap();
                bare.execute("UPDATE finding SET record = '{'", []).unwrap();
            });
        },
        "is damaged (found while",
        "back from a copy, then: lenswarden audit verify",
    ),
];

#[test]
fn each_trouble_says_what_it_is_and_what_to_type() {
    for (name, make, what, mend) in CASES {
        // Before the first picture.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lenswarden.db");
        drop(estate::write(&path, &estate::of(6)));
        make(&path);
        let mut before = Desk::before(folder, SIZES[0], true);
        before.refresh();
        println!("{name}:\n{}", before.screen());
        tells(&before, &["no picture yet", what, mend, "It is tried again each second."]);

        // While there is one: it stays, and what is wrong stands above it.
        let mut open = Desk::new(&estate::of(6), SIZES[0], true);
        make(&open.path());
        open.refresh();
        println!("{}", open.screen());
        tells(&open, &[what, mend, "What you see is older: ", "Hikvision"]);

        // The command line says the same.
        let said = command_line(&open.path());
        assert!(said.contains(what) && said.contains(mend), "{name}: {said}");

        // It is over: the console goes on by itself.
        open.writer = None;
        remove(&open.path());
        open.writer = Some(estate::write(&open.path(), &estate::of(12)));
        open.refresh();
        assert!(!words(&open).contains("What you see is older"), "{name}\n{}", open.screen());
        before.writer = Some(estate::write(
            &{
                remove(&before.path());
                before.path()
            },
            &estate::of(12),
        ));
        before.refresh();
        tells(&before, &["Hikvision"]);
    }
}

#[test]
fn a_folder_that_is_not_there_is_told_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lenswarden").join("lenswarden.db");
    let said = command_line(&path);
    let what = format!("its folder {} is not there either", folder.path().join("lenswarden").display());
    assert!(said.contains(&what) && said.contains("lenswarden demo"), "{said}");
    // The same where it goes while the console is open.
    let mut open = Desk::new(&estate::of(6), SIZES[0], true);
    let gone = open.path().parent().unwrap().with_extension("aside");
    std::fs::rename(open.path().parent().unwrap(), &gone).unwrap();
    open.refresh();
    tells(&open, &["is not there either", "lenswarden.service makes the folder"]);
    std::fs::rename(gone, open.path().parent().unwrap()).unwrap();
    open.refresh();
    assert!(!words(&open).contains("What you see is older"), "{}", open.screen());
}

#[test]
fn a_database_that_another_program_keeps_locked_is_told_and_not_looked_past() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lenswarden.db");
    drop(estate::write(&path, &estate::of(6)));
    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    other.execute_batch("BEGIN IMMEDIATE; COMMIT").unwrap();
    let mut before = Desk::before(folder, SIZES[0], true);
    before.refresh();
    let fuser = format!("sudo fuser -v {} tells which program", path.display());
    tells(&before, &["another program keeps", "locked", &fuser]);
    drop(other);
    before.refresh();
    tells(&before, &["Hikvision"]);
}

#[test]
fn another_database_in_the_place_of_the_first_is_read_anew() {
    let mut desk = Desk::new(&estate::of(6), SIZES[0], true);
    let sites = desk.type_in("4").screen();
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().join("lenswarden.db");
    drop(estate::write(&other, &estate::of(40)));
    replace(&desk.path(), |new| copy(&other, new));
    for _ in 0..3 {
        desk.refresh();
    }
    assert_ne!(desk.screen(), sites);
    desk.shows("40");
    desk.lacks("What you see is older");

    // One that was put back over the file, and whose log ends sooner.
    let mut desk = Desk::new(&estate::of(6), SIZES[0], true);
    let seq = desk.model.snapshot.seq;
    desk.writer = None;
    let bare = rusqlite::Connection::open(desk.path()).unwrap();
    bare.execute("DELETE FROM change WHERE seq > ?", [seq.cast_signed() - 2]).unwrap();
    desk.refresh();
    assert_eq!(desk.model.snapshot.seq, seq - 2);
}

#[test]
fn a_daemon_that_is_not_there_is_told_in_the_same_words_everywhere() {
    let mut desk = Desk::new(&estate::of(6), SIZES[0], true);
    desk.writer = None;
    desk.refresh();
    let words = "The daemon ended without a word: nothing is polled: journalctl -u lenswarden tells why; sudo systemctl \
                 start lenswarden";
    tells(&desk, &["daemon NOT RUNNING", words]);
    desk.type_in("6");
    tells(&desk, &["it ended without a word"]);
    let (code, said) = run(lenswarden(), &desk.path(), &["devices"]);
    assert!(code == Some(0) && said.contains(words), "{said}");
    // Nobody listens on the socket: what the form says, the command says.
    let (code, said) = run(lenswarden(), &desk.path(), &["review", "run", "any"]);
    assert_eq!(code, Some(2));
    let socket = format!("no daemon listens on {}", desk.path().with_file_name("control.sock").display());
    assert!(said.contains(&socket) && said.contains("hint: sudo systemctl start lenswarden"), "{said}");
    // One that is back is taken up.
    desk.writer = Some(Writer::open(&desk.path()).unwrap());
    desk.refresh();
    desk.shows("daemon ok");
    desk.tell(Msg::Resized);
    desk.lacks("ended without a word");
}

/// Somebody who may nothing: this user without the rights of root.
fn nobody(program: &Path) -> Option<Command> {
    if !nix::unistd::Uid::effective().is_root() {
        return Some(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(program);
    command.env_remove("XDG_STATE_HOME");
    let tried = Command::new("setpriv").arg("--version").output();
    tried.is_ok().then_some(command)
}

#[test]
fn who_may_not_read_is_told_who_may() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("lenswarden.db");
    let program = folder.path().join("lenswarden");
    std::fs::copy(env!("CARGO_BIN_EXE_lenswarden"), &program).unwrap();
    drop(estate::write(&path, &estate::of(6)));
    let what = format!("{} may not be read", path.display());
    let mend =
        "hint: Members of the group lenswarden may read: sudo usermod -aG lenswarden \"$USER\", then log in again";
    // The file, then the folder that it lies in.
    std::fs::set_permissions(&path, Permissions::from_mode(0o0)).unwrap();
    let Some(command) = nobody(&program) else { return println!("no setpriv here: not tried") };
    let (code, said) = run(command, &path, &["devices"]);
    assert!(code == Some(2) && said.contains(&what) && said.contains(mend), "{said}");
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let inner = folder.path().join("state");
    std::fs::create_dir(&inner).unwrap();
    std::fs::set_permissions(&inner, Permissions::from_mode(0o0)).unwrap();
    let (code, said) = run(nobody(&program).unwrap(), &inner.join("lenswarden.db"), &["devices"]);
    std::fs::set_permissions(&inner, Permissions::from_mode(0o755)).unwrap();
    assert!(code == Some(2) && said.contains("may not be read") && said.contains(mend), "{said}");
    // Commits that lie beside a database that was copied while a daemon wrote are not left out in silence.
    let beside = folder.path().join("copied");
    std::fs::create_dir(&beside).unwrap();
    let mut daemon = estate::write(&beside.join("live.db"), &estate::of(6));
    daemon.commit(&Batch { at: estate::NOW, devices: estate::of(9).devices, ..Batch::default() }).unwrap();
    for end in ["", "-wal"] {
        let to = beside.join(format!("lenswarden.db{end}"));
        std::fs::copy(beside.join(format!("live.db{end}")), &to).unwrap();
        std::fs::set_permissions(to, Permissions::from_mode(0o644)).unwrap();
    }
    std::fs::set_permissions(&beside, Permissions::from_mode(0o555)).unwrap();
    let (code, said) = run(nobody(&program).unwrap(), &beside.join("lenswarden.db"), &["devices"]);
    std::fs::set_permissions(&beside, Permissions::from_mode(0o755)).unwrap();
    assert!(code == Some(2) && said.contains("lie in its -wal file"), "{said}");
    assert!(said.contains("sudo systemctl start lenswarden takes them in"), "{said}");
    // Whoever may read, and cannot write beside it, reads: no daemon runs.
    let (code, said) = run(nobody(&program).unwrap(), &path, &["devices"]);
    assert!(code == Some(0) && said.contains("The daemon ended without a word"), "{said}");
}

/// A file system of 8 MiB; it goes with this. `None`: there may be none here.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        let done = command.args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder.path()).output();
        done.is_ok_and(|done| done.status.success()).then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_told_while_the_daemon_waits_and_is_over_when_there_is_room() {
    let Some(small) = Small::mount() else { return println!("nothing may be mounted here: not tried") };
    let inner = tempfile::tempdir_in(small.0.path()).unwrap();
    let path = inner.path().join("lenswarden.db");
    let mut daemon = estate::write(&path, &estate::of(6));
    let mut desk = Desk::before(inner, SIZES[0], true);
    follow(&mut desk);
    desk.shows("daemon ok");
    let filler = small.0.path().join("filler");
    assert!(std::fs::write(&filler, vec![0xa5; 16 << 20]).is_err(), "it is small");
    let more = || Batch { at: estate::NOW, devices: estate::of(400).devices, ..Batch::default() };
    let refused = daemon.commit(&more()).unwrap_err();
    assert!(matches!(refused, StoreError::Full(_)), "{refused}");
    follow(&mut desk);
    let full = "The daemon cannot write, the disk that holds the database is full: make room, and it goes on by \
                itself; df -h tells where";
    println!("{}", desk.screen());
    tells(&desk, &["daemon waits: DISK FULL", full]);
    let (code, said) = run(lenswarden(), &path, &["devices"]);
    assert!(code == Some(0) && said.contains(full) && said.contains("daemon waits: DISK FULL"), "{said}");
    // Who starts to look now sees so too.
    let mut late = Desk::before(tempfile::tempdir().unwrap(), SIZES[0], true);
    std::os::unix::fs::symlink(&path, late.path()).unwrap();
    follow(&mut late);
    tells(&late, &["disk that holds the database is full"]);
    std::fs::remove_file(&filler).unwrap();
    daemon.commit(&more()).unwrap();
    follow(&mut desk);
    desk.shows("daemon ok");
    assert!(!words(&desk).contains("cannot write"), "{}", desk.screen());
    // A daemon that is gone left no room for what a reader would need: it reads nevertheless.
    drop(daemon);
    let _ = std::fs::write(&filler, vec![0xa5; 16 << 20]);
    let (code, said) = run(lenswarden(), &path, &["devices"]);
    assert!(code == Some(0) && said.contains("The daemon ended without a word") && said.contains("is full"), "{said}");
}

/// The program's words without a terminal, with a configuration at this path and nothing of the person's own.
fn first_words(mut command: Command, config: &Path, arguments: &[&str]) -> String {
    let nothing = config.parent().unwrap().join("nothing");
    command.env("XDG_CONFIG_HOME", &nothing).env("XDG_STATE_HOME", &nothing).env("HOME", &nothing);
    let output = command.arg("--config").arg(config).args(arguments).output().unwrap();
    assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{output:?}");
    assert!(!nothing.exists(), "nothing is written");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn without_a_terminal_or_a_configuration_it_says_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("config.toml");
    let words = first_words(lenswarden(), &path, &[]);
    let (told, rest) = words.split_once(":\n\n").unwrap();
    assert_eq!(
        told,
        format!("There is no configuration yet. The console needs these three lines in {}", path.display())
    );
    let (lines, rest) = rest.split_once("\n\n").unwrap();
    assert!(lines.lines().count() == 3 && rest.contains("`lenswarden demo` needs none"), "{words}");
    // They are what is needed: with them the next thing that is missing is a terminal.
    std::fs::write(&path, lines).unwrap();
    let words = first_words(lenswarden(), &path, &[]);
    assert!(words.contains("needs a terminal") && words.contains("`lenswarden devices`"), "{words}");
    // The commands that need none say so too.
    let words = first_words(lenswarden(), &folder.path().join("none.toml"), &["devices"]);
    assert!(
        words.contains("cannot be read: No such file") && words.contains("`lenswarden demo` needs none"),
        "{words}"
    );

    // One that is not for everybody.
    let program = folder.path().join("lenswarden");
    std::fs::copy(env!("CARGO_BIN_EXE_lenswarden"), &program).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o0)).unwrap();
    if let Some(command) = nobody(&program) {
        let words = first_words(command, &path, &[]);
        let told = format!("{}: the configuration cannot be read: Permission denied", path.display());
        assert!(words.starts_with(&told) && words.contains("sudo usermod -aG lenswarden"), "{words}");
        assert!(!words.contains("three lines"), "there is one: {words}");
    }
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();

    // One that is broken where the console reads: the place is told, and no other database is taken for it.
    for (text, place) in [
        ("[daemon]\ndatabase = \"/nowhere/x.db\ncontrol-socket = \"/nowhere/x\"\n", ":2:26: "),
        ("[daemon\ndatabase = \"/nowhere/x.db\"\n", ":1:8: "),
        ("\n[daemon]\ndatabase = 3\n", ":3:12: "),
        ("[daemon]\ndatabas = \"/nowhere/x.db\"\n", ":2:1: unknown field `databas`"),
        ("[daemon]\npoll-every = \"2 moons\"\n", ":2:"),
    ] {
        std::fs::write(&path, text).unwrap();
        let words = first_words(lenswarden(), &path, &[]);
        assert!(words.contains(&format!("{}{place}", path.display())), "{text}: {words}");
        assert!(!words.contains("needs a terminal"), "{text}: {words}");
    }
    // What is broken elsewhere keeps nobody from looking.
    std::fs::write(&path, "[[site]]\nid = = 3\n[daemon]\ndatabase = \"/nowhere/x.db\"\n").unwrap();
    let words = first_words(lenswarden(), &path, &[]);
    assert!(words.contains("needs a terminal"), "{words}");
}
