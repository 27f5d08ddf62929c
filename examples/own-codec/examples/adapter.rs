//! The codec as a program that q4proof starts and asks, line by line.

#[path = "../tests/subject/mod.rs"]
mod subject;

use std::io::{stdin, stdout};

use q4proof::subject::serve::{ServeError, serve};

fn main() -> Result<(), ServeError> {
    serve(&subject::Subject, &mut stdin().lock(), &mut stdout().lock())
}
