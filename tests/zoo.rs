//! The vectors against the zoo: seconds, where all other tests together take one. A binary of its own,
//! so that a mutant that those kill is not asked this.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use q4proof::run::selftest::selftest;
use q4proof::suite::Suite;

#[test]
fn the_zoo_is_caught() {
    let suite = Suite::embedded().unwrap();
    let matrix = selftest(&suite, &mut |_| {}).unwrap();
    assert_eq!(matrix.problems, Vec::<String>::new());
    assert!(matrix.faults.len() >= 15, "{} faults", matrix.faults.len());
}
