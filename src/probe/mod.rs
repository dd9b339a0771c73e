//! Marks of a camera's maker that need no password: read from what its replies carry anyway. Pure functions; nothing
//! is sent for their sake.

mod certificate;
mod greeting;

pub use certificate::{key as certificate_key, subject as certificate_subject};
pub use greeting::{NONCE_HEX_OF_PAIR, NONCE_ONVIF_DIGEST, STANDALONE_ENVELOPE, nonce, realm, server, soap};
