//! The real binary over a lab that lives in the test: a folder, its configuration, processes that end with the test.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lenswarden::lab::{Lab, Size};
use lenswarden::snapshot::Snapshot;
use lenswarden::store::Reader;

/// How long anything may take on a machine that is busy with others: a bound, not a wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct House {
    folder: tempfile::TempDir,
    pub(crate) lab: Lab,
    /// The lab answers on this runtime's threads while the test waits.
    _runtime: tokio::runtime::Runtime,
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    process: Child,
    log: PathBuf,
}

impl Daemon {
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Waits until it ends by itself; whether that was in good order.
    pub(crate) fn ended(mut self) -> bool {
        self.process.wait().unwrap().success()
    }

    /// Ends it in good order; its log.
    pub(crate) fn stop(mut self) -> String {
        let process = nix::unistd::Pid::from_raw(self.id().cast_signed());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.process.wait().unwrap().success());
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

impl House {
    /// `more` is put behind what the lab says of itself.
    pub(crate) fn new(more: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let lab = runtime.block_on(Lab::start(Size::Small, 7)).unwrap();
        let house = Self { folder: tempfile::tempdir().unwrap(), lab, _runtime: runtime };
        house.configure("config.toml", &(house.lab.configuration() + more));
        house
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A configuration of this name: `[daemon]`, then the rest.
    pub(crate) fn configure(&self, name: &str, rest: &str) {
        let (database, socket) = (self.path("lenswarden.db"), self.path("control.sock"));
        let daemon = format!(
            "[daemon]\ndatabase = {database:?}\ncontrol-socket = {socket:?}\npoll-every = \"1s\"\n\
             cameras-every = \"1s\"\nsweep-every = \"1s\"\n\n{rest}"
        );
        std::fs::write(self.path(name), daemon).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lenswarden"));
        command.arg("--config").arg(self.path("config.toml")).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn daemon(&self) -> Daemon {
        self.daemon_by(self.command(&["daemon"]))
    }

    /// A daemon that is started by this command.
    pub(crate) fn daemon_by(&self, mut command: Command) -> Daemon {
        let log = self.path("daemon.log");
        let file = std::fs::File::create(&log).unwrap();
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Daemon { process, log }
    }

    /// What a reader sees now; `None` before there is a database.
    pub(crate) fn look(&self) -> Option<Snapshot> {
        Reader::open(&self.path("lenswarden.db")).and_then(|mut reader| reader.snapshot()).ok()
    }

    /// Looks until it is so.
    pub(crate) fn until(&self, what: &str, reached: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let begun = Instant::now();
        loop {
            if let Some(snapshot) = self.look().filter(|snapshot| reached(snapshot)) {
                return snapshot;
            }
            assert!(begun.elapsed() < PATIENCE, "never: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A round that began after this call is over: every switch was visited.
    pub(crate) fn until_a_round_is_over(&self) -> Snapshot {
        let now = lenswarden::net::Timestamp::now();
        self.until("a whole round", |snapshot| {
            let mut switches = snapshot.targets.values().filter(|target| target.switch).peekable();
            switches.peek().is_some() && switches.all(|target| target.last_attempt.is_some_and(|at| at > now))
        })
    }
}
