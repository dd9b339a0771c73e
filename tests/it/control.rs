//! Covered with the daemon: see `decisions.rs`. Here: the words on the wire, and a daemon that ends while it is asked.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;

use lenswarden::control::{Reply, Request, VERSION};
use lenswarden::review::Role;

#[test]
fn an_author_in_a_request_is_refused_and_unknown_words_too() {
    let decide = r#"{"ask":"decide","decisions":[{"on":{"finding":1,"revision":1},"decision":{"kind":"not-in-scope","reason":"x"}}]}"#;
    serde_json::from_str::<Request>(decide).unwrap();
    for forged in [
        decide.replace(r#""revision":1"#, r#""revision":1,"author":"root""#),
        decide.replace(r#""ask":"decide""#, r#""ask":"decide","author":{"uid":0}"#),
        decide.replace(r#""reason":"x""#, r#""reason":"x","author":"root""#),
        r#"{"ask":"shutdown"}"#.to_owned(),
    ] {
        assert!(serde_json::from_str::<Request>(&forged).is_err(), "{forged}");
    }
}

#[test]
fn replies_survive_the_wire() {
    let reply = Reply::Refused { why: "a reason is needed".into() };
    let line = serde_json::to_string(&reply).unwrap();
    assert!(!line.contains('\n'));
    assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply);
}

#[test]
fn the_unit_lets_the_kernel_name_the_author() {
    // Seen: behind PrivateUsers a peer of uid 1000 is uid 65534, so no decision has an author and nobody may decide.
    let unit = include_str!("../../systemd/lenswarden.service");
    assert!(!unit.lines().any(|line| line.trim_start().starts_with("PrivateUsers")), "{unit}");
    assert!(
        unit.lines().any(|line| line == "Type=notify") && unit.lines().any(|line| line.starts_with("WatchdogSec="))
    );
}

type Stream = BufReader<UnixStream>;

/// What the program says to a daemon that does this with its connection.
fn says(arguments: &[&str], daemon: impl FnOnce(Stream) + Send + 'static) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let (socket, configuration) = (folder.path().join("control.sock"), folder.path().join("config.toml"));
    std::fs::write(&configuration, format!("[daemon]\ncontrol-socket = {socket:?}\n")).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let daemon = std::thread::spawn(move || daemon(BufReader::new(listener.accept().unwrap().0)));
    let mut command = Command::new(env!("CARGO_BIN_EXE_lenswarden"));
    let out = command.arg("--config").arg(&configuration).args(arguments).output().unwrap();
    daemon.join().unwrap();
    (out.status.code(), String::from_utf8(out.stderr).unwrap())
}

fn read(stream: &mut Stream) {
    stream.read_line(&mut String::new()).unwrap();
}

fn say(stream: &mut Stream, reply: &Reply) {
    writeln!(stream.get_mut(), "{}", serde_json::to_string(reply).unwrap()).unwrap();
}

fn greet(stream: &mut Stream) {
    say(stream, &Reply::Hello { version: VERSION, you: "jo".into(), role: Role::Reviewer });
}

const DECIDE: [&str; 7] = ["review", "decide", "17", "--revision", "3", "--remove-by", "+30d"];

#[test]
fn who_is_not_answered_is_told_that_it_is_not_known_and_where_to_look() {
    let unknown = "it is not known whether all of it was done, or nothing";
    // Half an answer is none: what it would have said cannot be told.
    for answered in ["", r#"{"answer":"decided","findings":[17],"seq""#] {
        let (code, words) = says(&DECIDE, move |mut stream| {
            read(&mut stream);
            greet(&mut stream);
            read(&mut stream);
            stream.get_mut().write_all(answered.as_bytes()).unwrap();
        });
        assert!(words.contains(unknown) && words.contains("'lenswarden review show --finding 17' tells"), "{words}");
        assert_eq!(code, Some(2));
    }
    let (_, words) = says(&["review", "run", "sites"], |mut stream| {
        read(&mut stream);
        greet(&mut stream);
        read(&mut stream);
    });
    assert!(words.contains(unknown) && words.contains("'lenswarden review list' tells"), "{words}");
    // Before it was asked anything, nothing can have been done.
    let (code, words) = says(&DECIDE, |mut stream| read(&mut stream));
    assert!(code == Some(2) && words.contains("did not answer: nothing was changed"), "{words}");
}

#[test]
fn a_daemon_that_does_not_listen_any_more_was_not_asked_and_is_heard_if_it_says_why() {
    let deaf = |stream: &Stream| stream.get_ref().shutdown(std::net::Shutdown::Read).unwrap();
    // That is no pipe that a reader of the output closed: it is told, and is no success.
    let (code, words) = says(&DECIDE, move |mut stream| {
        read(&mut stream);
        deaf(&stream);
        greet(&mut stream);
    });
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("ended the connection before it was asked: nothing was changed"), "{words}");
    let (code, words) = says(&DECIDE, move |mut stream| {
        deaf(&stream);
        say(&mut stream, &Reply::Refused { why: "you may not look here".into() });
    });
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("you may not look here"), "{words}");
}
