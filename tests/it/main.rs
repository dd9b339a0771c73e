//! The one integration binary: a module per boundary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs
)]

mod config;
mod control;
mod crash;
mod daemon;
mod lab;
mod layers;
mod onvif;
mod recordings;
mod sample;
mod scenario;
mod snmp;
mod store;
mod topology;
