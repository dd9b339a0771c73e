//! Who acts on the program, as the kernel names them.

use serde::{Deserialize, Serialize};

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Name in the user database, else the number as text.
    pub name: String,
}

/// Who did something: the control socket's peer as the kernel names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Author {
    /// User id (SO_PEERCRED).
    pub uid: u32,
    /// Name in the user database, else the number as text.
    pub name: String,
    /// Who logged in before becoming that user by sudo or su (the kernel's audit login uid), where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<User>,
}

impl Author {
    /// The person's user id, whoever they became.
    #[must_use]
    pub fn person(&self) -> u32 {
        self.login.as_ref().map_or(self.uid, |login| login.uid)
    }
}

impl std::fmt::Display for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (uid {}", self.name, self.uid)?;
        if let Some(login) = &self.login {
            write!(f, ", logged in as {}", login.name)?;
        }
        write!(f, ")")
    }
}
