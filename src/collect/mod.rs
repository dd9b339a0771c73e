//! One target, one visit, one collection. A visit never fails: what went wrong is in it.

mod reading;
pub mod switch;
