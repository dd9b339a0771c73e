//! The ONVIF client against cameras that behave, cameras that do not, and replies recorded from real ones.

mod broken;
mod captures;
mod crowd;
mod daemon;
mod discovery;
mod double;
mod greeting;
mod hostile;
mod lockout;
mod login;
mod mechanism;
mod operations;
mod replays;
mod secure;
mod ssrf;
mod vendor;
