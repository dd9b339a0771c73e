//! Receivers of other authors: Debian's rsyslog over TCP and TLS, an SMTP server with STARTTLS and a password, an HTTPS
//! server, systemd's journal. Each alert of a real daemon arrives there.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::untold;
use crate::house::{House, PATIENCE};

/// A process that ends with the test, in good order where it can: what it took it keeps.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let process = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
        let _ = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM);
        let begun = Instant::now();
        while self.0.try_wait().is_ok_and(|ended| ended.is_none()) && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(what: &str, is_it: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_it() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn wait_for_port(port: u16) {
    wait_for("somebody listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
}

fn run(program: &str, arguments: &[&str], folder: &Path) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority and a server's certificate by it, for `localhost`: `ca.pem`, `server.pem`, `server.key`.
fn certificates(folder: &Path) {
    std::fs::write(folder.join("server.ext"), "subjectAltName=DNS:localhost\n").unwrap();
    let authority = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "2",
        "-subj",
        "/CN=Test authority",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
    ];
    run("openssl", &authority, folder);
    let request = [
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
        "-subj",
        "/CN=localhost",
    ];
    run("openssl", &request, folder);
    let sign = [
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "server.pem",
        "-days",
        "2",
        "-extfile",
        "server.ext",
    ];
    run("openssl", &sign, folder);
}

const WHEN: &str = "when = [\"breach\", \"action\", \"review\", \"info\"]\n";

/// Runs the daemon over the changing lab until all that is open was told at the receiver. `messages` reads what came.
fn all_arrive(house: &House, name: &str, messages: impl Fn() -> Vec<String>) {
    let daemon = house.daemon();
    house.until_a_round_is_over();
    for _ in 0..3 {
        house.lab.step();
        house.until_a_round_is_over();
    }
    let done = || {
        let snapshot = house.look().unwrap();
        let carrier = &snapshot.carriers[name];
        carrier.waiting == 0 && carrier.why.is_empty() && untold(&snapshot, &messages()) == 0
    };
    let begun = Instant::now();
    while !done() {
        let carrier = &house.look().unwrap().carriers[name];
        assert!(begun.elapsed() < PATIENCE, "{carrier:?}: {:#?}", messages());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!messages().is_empty());
    daemon.stop();
}

fn rsyslog(house: &House, port: u16, tls: bool) -> Peer {
    let path = |name: &str| house.path(name).to_str().unwrap().to_owned();
    let (global, module) = if tls {
        certificates(house.path("").as_path());
        let files = [("CAFile", "ca.pem"), ("CertFile", "server.pem"), ("KeyFile", "server.key")];
        let files: String =
            files.iter().map(|(key, name)| format!(" DefaultNetstreamDriver{key}=\"{}\"", path(name))).collect();
        let driver = " StreamDriver.Name=\"gtls\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\"";
        (format!(" DefaultNetstreamDriver=\"gtls\"{files}"), driver)
    } else {
        (String::new(), "")
    };
    let configuration = format!(
        "global(workDirectory=\"{}\"{global})\nmodule(load=\"imtcp\"{module})\n\
         input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n\
         template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n\
         *.* action(type=\"omfile\" file=\"{}\" template=\"raw\")\n",
        path(""),
        path("received")
    );
    std::fs::write(house.path("rsyslog.conf"), configuration).unwrap();
    let arguments = ["-n", "-f", &path("rsyslog.conf"), "-i", &path("rsyslog.pid")];
    let process = Command::new("rsyslogd").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let peer = Peer(process.unwrap());
    wait_for_port(port);
    peer
}

/// Lines of a file, whatever is there yet.
fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read(path).map(|octets| String::from_utf8_lossy(&octets).into_owned()).unwrap_or_default();
    text.lines().map(|line| format!("{line} ")).collect()
}

fn over_rsyslog(tls: bool) {
    let (house, port) = (House::new(""), free_port());
    let mut peer = rsyslog(&house, port, tls);
    let (transport, ca) = if tls { ("tls", "ca-file = \"ca.pem\"\n") } else { ("tcp", "") };
    let carrier = format!(
        "\n[[alert]]\nname = \"soc\"\nkind = \"syslog\"\naddress = \"localhost:{port}\"\ntransport = \"{transport}\"\n{ca}{WHEN}"
    );
    house.configure("config.toml", &(house.lab.configuration() + &carrier));
    let sent = house.run(&["alert", "test", "soc"]);
    assert_eq!(sent.status.code(), Some(0), "{}", String::from_utf8_lossy(&sent.stderr));
    let received = house.path("received");
    wait_for("the trial message", || lines(&received).iter().any(|line| line.contains("a trial, nothing happened")));
    // One that goes down under the daemon loses nothing: it was not taken.
    let daemon = house.daemon();
    house.until_a_round_is_over();
    drop(peer);
    house.lab.step();
    let down = house.until("it fails", |snapshot| !snapshot.carriers["soc"].why.is_empty());
    assert!(down.carriers["soc"].waiting > 0);
    let targets = house.run(&["targets"]);
    assert!(String::from_utf8_lossy(&targets.stderr).contains("FAILING"));
    peer = rsyslog(&house, port, tls);
    daemon.stop();
    all_arrive(&house, "soc", || lines(&received));
    assert!(
        lines(&received).iter().all(|line| line.starts_with('<') && line.contains(">1 20")),
        "{:#?}",
        lines(&received)
    );
    drop(peer);
    if tls {
        // A receiver whose certificate was signed by nobody that is believed gets nothing.
        let _peer = rsyslog(&house, port, tls);
        std::fs::create_dir(house.path("others")).unwrap();
        certificates(&house.path("others"));
        let carrier = carrier.replace("ca.pem", "others/ca.pem");
        house.configure("config.toml", &(house.lab.configuration() + &carrier));
        let sent = house.run(&["alert", "test", "soc"]);
        let words = String::from_utf8_lossy(&sent.stderr).into_owned();
        assert!(sent.status.code() == Some(2) && words.contains("certificate"), "{words}");
    }
}

#[test]
#[ignore = "needs rsyslog"]
fn rsyslog_takes_every_alert_over_tcp() {
    over_rsyslog(false);
}

#[test]
#[ignore = "needs rsyslog with rsyslog-gnutls, openssl"]
fn rsyslog_takes_every_alert_over_tls_and_a_stranger_none() {
    over_rsyslog(true);
}

/// aiosmtpd (its own STARTTLS and AUTH), each mail a line of JSON in a file. Mail is refused with 451 while a file says so.
const SMTP: &str = r#"
import email, json, os, ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
folder, port = sys.argv[1], int(sys.argv[2])
class Handler:
    async def handle_DATA(self, server, session, envelope):
        if os.path.exists(folder + "/busy"):
            return "451 busy"
        mail = email.message_from_bytes(envelope.content)
        text = mail.get_payload(decode=True).decode()
        record = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "subject": mail["Subject"], "auto": mail["Auto-Submitted"],
                  "id": mail["Message-ID"], "tls": session.ssl is not None, "text": text}
        with open(folder + "/mails", "a") as out:
            out.write(json.dumps(record) + "\n")
        return "250 taken"
def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"lenswarden" and data.password == b"a password", handled=False)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
controller = Controller(Handler(), hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True,
                        authenticator=authenticate, auth_required=True)
controller.start()
time.sleep(3600)
"#;

#[test]
#[ignore = "needs python3 with aiosmtpd, openssl"]
fn mail_goes_over_starttls_with_a_password_several_alerts_in_one() {
    let (house, port) = (House::new(""), free_port());
    certificates(house.path("").as_path());
    let folder = house.path("").to_str().unwrap().to_owned();
    let process = Command::new("python3").args(["-c", SMTP, &folder, &port.to_string()]).spawn().unwrap();
    let _peer = Peer(process);
    wait_for_port(port);
    let carrier = |password: &str, ca: &str| {
        house.configure(
            "config.toml",
            &(house.lab.configuration()
                + &format!(
                    "\n[[alert]]\nname = \"desk\"\nkind = \"smtp\"\nserver = \"localhost:{port}\"\nuser = \"lenswarden\"\n\
                     password = \"{password}\"\nfrom = \"Lenswarden <lw@example.org>\"\n{ca}\
                     to = [\"soc@example.org\", \"Estates <estates@example.org>\"]\n{WHEN}"
                )),
        );
    };
    for (password, ca, part) in [
        ("wrong", "ca-file = \"ca.pem\"\n", "Authentication"),
        // The system believes other authorities.
        ("a password", "", "certificate"),
    ] {
        carrier(password, ca);
        let sent = house.run(&["alert", "test", "desk"]);
        let words = String::from_utf8_lossy(&sent.stderr).into_owned();
        assert!(sent.status.code() == Some(2) && words.contains(part), "{words}");
        assert!(!words.contains("a password") && !words.contains("wrong"), "{words}");
    }
    let mails = || -> Vec<serde_json::Value> {
        lines(&house.path("mails")).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert!(mails().is_empty());
    carrier("a password", "ca-file = \"ca.pem\"\n");
    let sent = house.run(&["alert", "test", "desk"]);
    assert_eq!(sent.status.code(), Some(0), "{}", String::from_utf8_lossy(&sent.stderr));
    let trial = &mails()[0];
    assert_eq!(trial["to"], serde_json::json!(["soc@example.org", "estates@example.org"]));
    assert_eq!(
        (&trial["from"], &trial["tls"], &trial["auto"]),
        (&"lw@example.org".into(), &true.into(), &"auto-generated".into())
    );
    assert!(trial["text"].as_str().unwrap().contains("a trial, nothing happened"), "{trial}");
    // While it is busy alerts wait; when it is not, they come together.
    std::fs::write(house.path("busy"), "").unwrap();
    let daemon = house.daemon();
    house.until("it fails", |snapshot| {
        let carrier = snapshot.carriers.get("desk");
        carrier.is_some_and(|carrier| carrier.why.contains("451") && carrier.waiting > 3)
    });
    std::fs::remove_file(house.path("busy")).unwrap();
    house.until("all is taken", |snapshot| snapshot.carriers["desk"].waiting == 0);
    daemon.stop();
    let mail = &mails()[1];
    assert!(mail["subject"].as_str().unwrap().contains(" alerts ("), "{mail}");
    assert!(mail["text"].as_str().unwrap().matches(" finding=").count() > 3, "{mail}");
    let texts = || {
        mails()
            .iter()
            .flat_map(|mail| {
                let text = mail["text"].as_str().unwrap().to_owned();
                text.lines().map(|line| format!("{line} ")).collect::<Vec<_>>()
            })
            .filter(|line| !line.starts_with("  - "))
            .collect::<Vec<_>>()
    };
    // The lines of a summary stand below its own.
    all_arrive(&house, "desk", texts);
}

/// An HTTPS server of Python's, each body a line in a file.
const HTTPS: &str = r#"
import http.server, ssl, sys
folder, port = sys.argv[1], int(sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(folder + "/bodies", "ab") as out:
            out.write(body + b"\n")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

#[test]
#[ignore = "needs python3, openssl"]
fn a_webhook_over_https_believes_the_authorities_it_was_given() {
    let (house, port) = (House::new(""), free_port());
    certificates(house.path("").as_path());
    let folder = house.path("").to_str().unwrap().to_owned();
    let process = Command::new("python3").args(["-c", HTTPS, &folder, &port.to_string()]).spawn().unwrap();
    let _peer = Peer(process);
    wait_for_port(port);
    let carrier = |host: &str, ca: &str| {
        let carrier =
            format!("\n[[alert]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://{host}:{port}/\"\n{ca}{WHEN}");
        house.configure("config.toml", &(house.lab.configuration() + &carrier));
    };
    for (host, ca) in [("localhost", ""), ("127.0.0.1", "ca-file = \"ca.pem\"\n")] {
        carrier(host, ca);
        let sent = house.run(&["alert", "test", "hook"]);
        let words = String::from_utf8_lossy(&sent.stderr).into_owned();
        assert!(sent.status.code() == Some(2) && words.contains("certificate"), "{words}");
    }
    carrier("localhost", "ca-file = \"ca.pem\"\n");
    let bodies = || lines(&house.path("bodies"));
    all_arrive(&house, "hook", || {
        let text = |line: &String| {
            let body: serde_json::Value = serde_json::from_str(line).unwrap();
            format!("{} ", body["text"].as_str().unwrap())
        };
        bodies().iter().map(text).collect()
    });
}

#[test]
#[ignore = "needs systemd-journald, and to be root where it does not run"]
fn the_journal_has_every_alert_with_its_fields() {
    const SOCKET: &str = "/run/systemd/journal/socket";
    let there = || {
        let probe = std::os::unix::net::UnixDatagram::unbound().unwrap();
        probe.connect(SOCKET).is_ok()
    };
    let _peer = (!there()).then(|| {
        let process = Command::new("/lib/systemd/systemd-journald").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let peer = Peer(process.unwrap());
        wait_for("the journal", there);
        peer
    });
    let house = House::new(&format!("\n[[alert]]\nname = \"journal\"\nkind = \"journal\"\n{WHEN}"));
    let began = lenswarden::net::Timestamp::now().0 / 1000;
    let entries = || -> Vec<serde_json::Value> {
        let since = format!("--since=@{began}");
        let arguments = ["-t", "lenswarden", "-o", "json", "--no-pager", &since, "LENSWARDEN_ALERT=journal"];
        let output = Command::new("journalctl").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    all_arrive(&house, "journal", || {
        entries().iter().map(|entry| format!("{} ", entry["MESSAGE"].as_str().unwrap())).collect()
    });
    let finding = entries().into_iter().find(|entry| entry["LENSWARDEN_PORT"].is_string()).unwrap();
    for key in ["ID", "KIND", "SEVERITY", "AT", "FINDING", "POLICY", "RULE", "MAC", "SITE", "SWITCH"] {
        assert!(finding[format!("LENSWARDEN_{key}")].is_string(), "{key}: {finding}");
    }
    let mut out = std::io::stderr().lock();
    writeln!(out, "{}", finding["MESSAGE"]).unwrap();
}
