//! Marks of a camera's maker that need no password: read from what its replies carry anyway, and from what it answers
//! to its maker's own discovery ([`sadp`], [`dhip`]). Pure functions: octets in, marks out.

mod announcement;
mod certificate;
pub mod dhip;
mod greeting;
mod page;
pub mod sadp;

pub use announcement::Announcement;
pub use certificate::{key as certificate_key, subject as certificate_subject};
pub use greeting::{NONCE_HEX_OF_PAIR, NONCE_ONVIF_DIGEST, STANDALONE_ENVELOPE, nonce, realm, server, soap};
pub use page::{PAGE_OCTETS, RtspGreeting, rtsp, title};
