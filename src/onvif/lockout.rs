//! A camera's words about locking us out, and about having no connection left: pure reading.

/// What a camera's words say of how near it is to refusing us altogether.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lockout {
    /// Wrong passwords it still takes before it locks; 0: it is locked.
    pub attempts_left: Option<u32>,
}

impl Lockout {
    /// It counts attempts, or has locked us out.
    #[must_use]
    pub fn is_near(self) -> bool {
        self.attempts_left.is_some()
    }

    /// The nearer one of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let attempts_left = match (self.attempts_left, other.attempts_left) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { attempts_left }
    }
}

/// Reads a camera's words, lower case: `you still have 3 attempt(s)`, `attempts left: 3`, `the account is locked`.
#[must_use]
pub fn lockout(words: &str) -> Lockout {
    const LOCKED: [&str; 6] = ["locked", "lockout", "lock out", "blocked", "blacklist", "too many"];
    let words = words.to_lowercase();
    let parts: Vec<&str> = words.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let counted = |at: usize| -> Option<u32> {
        let before = parts.get(at.saturating_sub(2)..at).unwrap_or_default();
        let after = parts.get(at + 1..(at + 4).min(parts.len())).unwrap_or_default();
        before.iter().rev().chain(after).find_map(|part| part.parse().ok())
    };
    let attempts = parts.iter().enumerate().filter(|(_, part)| matches!(**part, "attempt" | "attempts" | "tries"));
    let left = attempts.filter_map(|(at, _)| counted(at)).min();
    // "Will be locked after 3 attempts" is not locked yet.
    let locked = left.is_none() && !connections_full(&words) && LOCKED.iter().any(|word| words.contains(word));
    Lockout { attempts_left: left.or(locked.then_some(0)) }
}

/// Whether it says that too many are connected already: some answer 401 or 403 to that, and it is not about the
/// password.
#[must_use]
pub fn connections_full(words: &str) -> bool {
    const WHAT: [&str; 5] = ["connection", "session", "online user", "client", "user amount"];
    const FULL: [&str; 8] =
        ["maximum", "exceed", "too many", "limit", "threshold", "full", "max number", "reached the"];
    const PASSWORD: [&str; 4] = ["password", "attempt", "locked", "credential"];
    let words = words.to_lowercase();
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    has(&WHAT) && has(&FULL) && !has(&PASSWORD)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn how_many_attempts_are_left_is_read_in_several_wordings() {
        let cases = [
            ("Sender not Authorized. Invalid username or password! You still have 22 attempt(s).", Some(22)),
            ("you still have 2 login attempts", Some(2)),
            ("Remaining attempts: 4", Some(4)),
            ("the account will be locked after 3 attempts", Some(3)),
            ("attempts left 0", Some(0)),
            ("The account is locked, try again in 30 minutes", Some(0)),
            ("Your IP address was blocked", Some(0)),
            ("Too many failed logins", Some(0)),
            ("Sender not Authorized", None),
            ("the attempt failed", None),
            ("Exceeded maximum number of connections: too many", None),
            ("", None),
        ];
        for (words, expected) in cases {
            assert_eq!(lockout(words).attempts_left, expected, "{words}");
        }
        let near = lockout("3 attempts").and(lockout("fine")).and(lockout("7 attempts"));
        assert_eq!(near.attempts_left, Some(3));
    }

    #[test]
    fn a_camera_without_a_connection_left_is_not_taken_for_one_that_refuses() {
        for words in [
            "Exceeded maximum number of connections",
            "The online user amount has reached the threshold!",
            "too many sessions",
            "Connection limit",
        ] {
            assert!(connections_full(words), "{words}");
        }
        for words in [
            "Invalid username or password",
            "too many wrong passwords on this connection",
            "connection refused",
            "user is locked: session limit",
            "Unauthorized",
        ] {
            assert!(!connections_full(words), "{words}");
        }
    }

    proptest! {
        #[test]
        fn no_words_make_it_panic(words in "(attempt|attempts|[0-9]{0,12}|\\PC| |left|\\(s\\)){0,20}") {
            let _ = (lockout(&words), connections_full(&words));
        }
    }
}
