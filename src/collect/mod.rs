//! One target, one visit, one collection. A visit never fails: what went wrong is in it.

pub mod camera;
mod reading;
pub mod switch;
pub mod trap;
