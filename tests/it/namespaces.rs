//! Network namespaces of a test: hosts that need no cable and no address of this host's. Needs root.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

pub(crate) fn run(command: &str) -> Result<String, String> {
    let mut words = command.split_whitespace();
    let out =
        Command::new(words.next().unwrap()).args(words).output().map_err(|error| format!("{command}: {error}"))?;
    let said = |octets: &[u8]| String::from_utf8_lossy(octets).trim().to_owned();
    if out.status.success() { Ok(said(&out.stdout)) } else { Err(format!("{command}: {}", said(&out.stderr))) }
}

/// Network namespaces with this process's number in their names, and what runs in them; both end with it.
pub(crate) struct Namespaces {
    prefix: String,
    names: &'static [&'static str],
    processes: Vec<Child>,
    folder: tempfile::TempDir,
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
        }
        for name in self.names.iter().map(|name| self.name(name)) {
            // What those started in turn. Only what is in a namespace made here.
            for process in run(&format!("ip netns pids {name}")).unwrap_or_default().lines() {
                let _ = run(&format!("kill -9 {process}"));
            }
            let _ = run(&format!("ip netns del {name}"));
        }
        for process in &mut self.processes {
            let _ = process.wait();
        }
    }
}

impl Namespaces {
    /// Makes them; why not, where there can be none. `word` keeps those of two tests apart.
    pub(crate) fn new(word: &str, names: &'static [&'static str]) -> Result<Self, String> {
        let prefix = format!("{word}{}", std::process::id());
        let made = Self { prefix, names, processes: Vec::new(), folder: tempfile::tempdir().unwrap() };
        for name in names {
            run(&format!("ip netns add {}", made.name(name)))?;
            made.ip(name, "link set lo up")?;
        }
        Ok(made)
    }

    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn ip(&self, namespace: &str, words: &str) -> Result<String, String> {
        run(&format!("ip -n {} {words}", self.name(namespace)))
    }

    /// A program in a namespace, its words in a file of that name.
    pub(crate) fn command(&self, namespace: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(namespace), program]).stdin(Stdio::null());
        command
    }

    pub(crate) fn start(&mut self, log: &str, mut command: Command) {
        let log = File::create(self.path(log)).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.processes.push(command.spawn().unwrap());
    }

    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Ends what was started last.
    pub(crate) fn end_last(&mut self, signal: nix::sys::signal::Signal) {
        if let Some(mut process) = self.processes.pop() {
            let id = nix::unistd::Pid::from_raw(process.id().cast_signed());
            nix::sys::signal::kill(id, signal).unwrap();
            process.wait().unwrap();
        }
    }
}
