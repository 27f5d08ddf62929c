//! The command as its users meet it: every exit code, and for bad input the sentence that says what
//! is wrong.

#[cfg(unix)]
mod action;
mod check;
mod convert;
mod diff;
mod export;
mod files;
mod fuzz;
mod gate;
mod hunt;
mod kinds;
mod leaving;
mod ledger;
#[cfg(target_os = "linux")]
mod left;
#[cfg(unix)]
mod library;
mod logs;
mod matrix;
mod model;
mod protocol;
mod repeat;
#[cfg(target_os = "linux")]
mod room;
mod selftest;
mod subjects;
mod supervision;
mod support;
mod tiny;
mod vectors;
