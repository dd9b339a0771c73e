//! Secrets: read from where they are kept, wiped when dropped, never printed.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Longest secret file read, in octets.
const LONGEST: u64 = 4096;

/// A password or community string. `Debug` shows none of it, there is no `Display` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself: for the protocol that needs it and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is wrong and how to mend it.
type Trouble = (String, String);

/// Where secrets are found: systemd's credentials first, then files beside the configuration.
#[derive(Debug, Clone)]
pub(super) struct SecretStore {
    /// `$CREDENTIALS_DIRECTORY`
    credentials: Option<PathBuf>,
    /// The configuration file: secrets in it count as in a secret file.
    config: PathBuf,
}

impl SecretStore {
    pub(super) fn new(config: &Path, credentials: Option<PathBuf>) -> Self {
        Self { credentials, config: config.to_owned() }
    }

    /// A secret written into the configuration.
    pub(super) fn inline(&self, text: &str) -> Result<Secret, Trouble> {
        private(&self.config).map_err(|(message, hint)| (format!("a secret is written here, and {message}"), hint))?;
        Ok(Secret::new(text.to_owned()))
    }

    /// A secret in a file: a bare name is looked for in the credentials directory, then beside the configuration.
    pub(super) fn file(&self, name: &str) -> Result<Secret, Trouble> {
        let in_credentials = self.credentials.as_ref().filter(|_| !name.contains('/')).map(|folder| folder.join(name));
        let beside = self.config.parent().unwrap_or(Path::new("")).join(name);
        let path = in_credentials.filter(|path| path.exists()).unwrap_or(beside);
        let unreadable = |error: std::io::Error| {
            let hint =
                "a name of LoadCredential=, or a path beside the configuration, readable by the daemon".to_owned();
            (format!("the secret in {} cannot be read: {error}", path.display()), hint)
        };
        let metadata = std::fs::metadata(&path).map_err(unreadable)?;
        private(&path)?;
        if metadata.len() > LONGEST {
            return Err((
                format!("{} is {} octets long", path.display(), metadata.len()),
                "a secret is one short line".into(),
            ));
        }
        let text = Zeroizing::new(std::fs::read_to_string(&path).map_err(unreadable)?);
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Err((format!("{} is empty", path.display()), String::new()));
        }
        Ok(Secret::new(text.to_owned()))
    }
}

/// Refuses a file that the group or everybody may read.
fn private(path: &Path) -> Result<(), Trouble> {
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("{} is open to its group or to everybody (mode {mode:04o})", path.display());
    Err((message, format!("chmod 0600 {}", path.display())))
}
