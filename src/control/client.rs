//! The client's half: blocking, one request at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{MAX_LINE, Reply, Request, VERSION};
use crate::review::{Attachment, Matter, Role};

/// How long an answer may take: a decision waits for the disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why the daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error("no daemon listens on {path}")]
    NotRunning {
        /// The socket.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// The socket may not be opened.
    #[error("you may not connect to {path}")]
    Denied {
        /// The socket.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// The connection broke before all of the request was sent: what is half a line is not done.
    #[error("the daemon ended the connection before it was asked: nothing was changed")]
    Unasked(#[source] std::io::Error),
    /// It was asked and did not answer: it was stopped or killed meanwhile, or is too slow.
    #[error("the daemon was asked and did not answer: {0}")]
    Unanswered(String, #[source] std::io::Error),
    /// It answered something else.
    #[error("the daemon's answer cannot be read: {0}")]
    Unreadable(String),
    /// It refused; nothing was changed.
    #[error("{0}")]
    Refused(String),
}

impl ControlError {
    /// What to type; empty where the words say it.
    #[must_use]
    pub fn mend(&self) -> &'static str {
        match self {
            Self::NotRunning { .. } => "sudo systemctl start lenswarden",
            Self::Denied { .. } => "sudo usermod -aG lenswarden \"$USER\", then log in again",
            Self::Unreadable(_) => {
                "the daemon is of another version: sudo systemctl restart lenswarden brings the installed one"
            }
            Self::Unasked(_) | Self::Unanswered(..) => "journalctl -u lenswarden tells why",
            Self::Refused(_) => "",
        }
    }
}

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    you: String,
    role: Role,
}

impl Client {
    /// Connects and says hello.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub fn connect(path: &Path) -> Result<Self, ControlError> {
        let stream = UnixStream::connect(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::PermissionDenied => ControlError::Denied { path: path.to_owned(), source },
            _ => ControlError::NotRunning { path: path.to_owned(), source },
        })?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .map_err(ControlError::Unasked)?;
        let mut client = Self { stream: BufReader::new(stream), you: String::new(), role: Role::Reader };
        match client.ask(&Request::Hello { version: VERSION })? {
            Reply::Hello { you, role, .. } => Ok(Self { you, role, ..client }),
            other => Err(ControlError::Unreadable(format!("{other:?}"))),
        }
    }

    /// Who the kernel says you are.
    #[must_use]
    pub fn who(&self) -> &str {
        &self.you
    }

    /// Whether you may decide.
    #[must_use]
    pub fn may_decide(&self) -> bool {
        self.role >= Role::Reviewer
    }

    /// What you may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// See [`ControlError`]; a refusal is one.
    pub fn ask(&mut self, request: &Request) -> Result<Reply, ControlError> {
        let mut line = serde_json::to_vec(request).map_err(|error| ControlError::Unreadable(error.to_string()))?;
        line.push(b'\n');
        let sent = self.stream.get_mut().write_all(&line);
        let mut answer = String::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        // A daemon that does not listen any more may have said why.
        let read = (&mut self.stream).take(limit).read_line(&mut answer);
        let read = read.and_then(|_| match answer.ends_with('\n') || answer.len() >= MAX_LINE {
            true => Ok(()),
            false => Err(std::io::ErrorKind::UnexpectedEof.into()),
        });
        if let Err(error) = read {
            sent.map_err(ControlError::Unasked)?;
            return Err(ControlError::Unanswered(unknown(request), error));
        }
        match serde_json::from_str(&answer) {
            Ok(Reply::Refused { why }) => Err(ControlError::Refused(why)),
            Ok(reply) => Ok(reply),
            Err(error) => Err(ControlError::Unreadable(error.to_string())),
        }
    }
}

/// What a note is about: a file, whose hash is computed, or what is said of a URL's content.
///
/// # Errors
/// The file cannot be read, or the hash of a URL's content is missing.
pub fn attached(reference: &str, sha256: Option<&str>) -> Result<Attachment, String> {
    let sha256 = match sha256 {
        Some(sha256) => sha256.to_lowercase(),
        None if reference.contains("://") => return Err("a URL needs the SHA-256 of its content".to_owned()),
        None => {
            let failed = |error: std::io::Error| format!("{reference} cannot be read: {error}");
            let mut file = std::fs::File::open(reference).map_err(failed)?;
            // A pipe or a terminal would never end.
            if !file.metadata().map_err(failed)?.is_file() {
                return Err(format!("{reference} is no file"));
            }
            let mut hash = Sha256::new();
            let mut piece = vec![0; 64 * 1024];
            loop {
                let read = file.read(&mut piece).map_err(failed)?;
                if read == 0 {
                    break;
                }
                hash.update(piece.get(..read).unwrap_or_default());
            }
            hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
        }
    };
    Ok(Attachment { reference: reference.to_owned(), sha256 })
}

/// What is known of a request that was not answered, and where to look.
fn unknown(request: &Request) -> String {
    let look = match request {
        Request::Hello { .. } | Request::Status | Request::Rules | Request::Reviews | Request::Poll { .. } => {
            return "nothing was changed".to_owned();
        }
        Request::Decide { decisions } => match decisions.first().map(|decision| &decision.on) {
            Some(Matter::Finding { finding, .. }) => format!("lenswarden review show --finding {finding}"),
            Some(Matter::Device { device, .. }) => format!("lenswarden explain {device}"),
            Some(Matter::Site { site }) => format!("lenswarden sites site:{site}"),
            Some(Matter::Cycle { .. }) | None => "lenswarden review list".to_owned(),
        },
        Request::Run { .. } => "lenswarden review list".to_owned(),
        Request::Retry { .. } => "lenswarden targets".to_owned(),
    };
    format!("it is not known whether all of it was done, or nothing ('{look}' tells, once the daemon runs)")
}
