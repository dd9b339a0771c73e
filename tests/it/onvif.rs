//! The ONVIF client against cameras that behave, cameras that do not, and replies recorded from real ones.

mod captures;
mod discovery;
mod double;
mod hostile;
mod login;
mod mechanism;
mod secure;
mod vendor;
