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

mod agents;
mod alert;
mod audit;
mod bridge;
mod cli;
mod config;
mod console;
mod control;
mod crash;
mod daemon;
mod decisions;
mod evaluation;
mod house;
mod identify;
mod idle;
mod lab;
mod layers;
mod multicast;
mod namespaces;
mod onvif;
mod picture;
mod policies;
mod recordings;
mod records;
mod report;
mod rules;
mod sample;
mod scenario;
mod snmp;
mod store;
mod tmux;
mod topology;
mod traps;
mod vrf;
mod watch;
mod what_if;
