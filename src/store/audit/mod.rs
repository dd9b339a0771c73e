//! What makes the change log proof: its head is signed, it leaves the house as a file, and both the file and the live
//! database are walked row by row by the same [`checker::Checker`].
//!
//! With every commit the daemon signs where the log ends, so nobody without its key can alter, add or take away a row
//! unseen, except by putting back an older state together with its older signature. That shows against any later head
//! that was published: every hour, and when a review's cycle ends, the head goes to the log of the daemon and to the
//! syslog targets of `[[alert]]`, and every report carries it.

mod checker;
mod export;
mod file;
mod head;
mod key;
mod live;

pub use checker::{Fault, Verdict};
pub use export::Exported;
pub use file::verify as verify_file;
pub use head::{BadHead, SignedHead, heads_in};
pub use key::{BadKey, PublicKey};

pub(super) use head::{current, put_current, put_published};
pub(super) use key::SigningKey;
