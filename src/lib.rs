//! **lenswarden**: which surveillance cameras come from restricted makers, which sit on networks where none may be,
//! and what has been decided about each, with evidence, from what the network itself says.
//!
//! # Architecture
//!
//! One package, one binary, one database file, one chain of nouns:
//!
//! **datagram → reply → observation → inventory → finding → review → snapshot → screen**
//!
//! Each room makes one of these nouns and owns its type.
//!
//! ```text
//!  switches, routers, cameras, recorders
//!       |  UDP / TCP                                         edge: may fail, may wait
//!    snmp  onvif  probe     bytes <-> typed replies; know the RFCs and WS-*, not us
//!       |
//!    collect                one target, one visit -> Collection {observations, completeness, errors}
//!       |  bounded channel
//!    inventory              Collections -> what is there, who made it, where is it      pure
//!    policy                 Inventory x policy -> findings                              pure
//!    review                 findings before + now + what was seen -> changes; decisions pure
//!       |  one transaction
//!    store                  SQLite                                                      edge
//!       |  read-only, PRAGMA data_version
//!    snapshot               what a reader sees at one instant; totals, sort, filter     pure
//!       |
//!    console  report  alert         screen; files; messages
//! ```
//!
//! `lab` stands beside the house: a simulated estate that speaks real SNMP, ONVIF and WS-Discovery on loopback.
//!
//! # Rooms, in import order
//!
//! A room may name only the rooms listed beside it (`tests/it/layers.rs` checks this table and the length of
//! every file on every run):
//!
//! | room | owns | may name |
//! |---|---|---|
//! | [`net`] | addresses, VLANs, times, names, cleaned text: parse and print | nothing of ours |
//! | [`snmp`] | the crate's session behind one small trait; budgets, table walks; MIB tables as typed rows | net |
//! | [`onvif`] | SOAP, WS-Security, WS-Discovery, the device operations as typed replies | net |
//! | [`probe`] | marks of a maker in what a camera shows without a password | net |
//! | [`config`] | the file as text, as checked [`config::Config`], its secrets, the watch on it | net |
//! | [`observation`] | what one visit brought home, which tables were seen whole | net |
//! | [`collect`] | visit a switch, visit a camera, sweep a subnet; what a trap is about | net snmp onvif probe config observation |
//! | [`maker`] | catalogue of makers, brands, prefixes; evidence -> attribution | net config observation |
//! | [`inventory`] | device identity and place, built from observations | net config observation maker |
//! | [`policy`] | packs and rules: inventory -> violations | net config maker inventory |
//! | [`review`] | findings over time, cycles, decisions | net config inventory policy maker |
//! | [`snapshot`] | what a reader sees; totals, sort and filter | net config observation maker inventory policy review |
//! | [`store`] | SQLite: schema, migrations, change log and its proof, the writer's half and the readers' | net observation config maker inventory policy review snapshot |
//! | [`control`] | the control socket's words, framing, client and server halves | net review |
//! | [`report`] | snapshot -> text, CSV, JSON, HTML | net config maker inventory observation policy review snapshot |
//! | [`alert`] | changes -> messages through a persistent outbox; the carriers they leave by | net observation config maker inventory policy review store |
//! | [`daemon`] | schedule, pollers, traps, the one recorder, control socket, systemd notify | all above |
//! | [`console`] | ratatui: model, update, keys, theme, views | net config inventory maker observation policy review snapshot store control report |
//! | [`lab`] | simulated estate | net (and protocol crates) |
//! | [`cli`] | clap types, one file a subcommand, exit codes | any |
//!
//! Against the first drawing, `snapshot`, `report` and `console` may name `config` and `observation`: a site's sensitivity, a
//! network's kind and a table's completeness are words a reader is shown as they were given, and a second set of the
//! same enums would be a second way to say one thing. `console` names `inventory` for a place and its certainty;
//! `alert` may name `inventory`, `maker` and `observation`: a message says who made the device, how sure that is, and what on
//! its switch would contain it, and a finding holds only its number.
//!
//! # Invariants, written as absences
//!
//! 1. `maker`, `inventory`, `policy`, `review`, `snapshot` hold no clock, no async, no I/O, and do not fail. A whole
//!    estate is asked on every processor ([`inventory::in_parts`]), whose threads end before it answers.
//! 2. `snmp`, `onvif`, `probe` do not know what a finding is; `collect` does not know what is allowed.
//! 3. One process writes the database: the daemon. Every other program opens it read-only; a decision reaches the
//!    daemon over the control socket, and its author is the peer that the kernel names.
//! 4. A finding closes only when the place it speaks of was really observed without it. Silence closes nothing.
//! 5. The same inputs give byte-equal findings: ordered maps, identity keys.
//! 6. The cost of a poll follows what changed, not the size of the estate.
//! 7. Nothing that a device says reaches a terminal, a CSV cell, a page, a log line or a URL before it is cleaned.
//! 8. The console's view changes nothing but scroll offsets. Nothing prints except `cli` and `report`.

pub mod alert;
pub mod cli;
pub mod collect;
pub mod config;
pub mod console;
pub mod control;
pub mod daemon;
pub mod inventory;
pub mod lab;
pub mod maker;
pub mod net;
pub mod observation;
pub mod onvif;
pub mod policy;
pub mod probe;
pub mod report;
pub mod review;
pub mod snapshot;
pub mod snmp;
pub mod store;
