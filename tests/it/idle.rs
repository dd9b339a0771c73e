//! Idle.
