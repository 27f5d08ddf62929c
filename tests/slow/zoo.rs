//! The vectors against the zoo: each fault is caught.

use q4proof::run::selftest::selftest;
use q4proof::suite::Suite;

#[test]
fn the_zoo_is_caught() {
    let suite = Suite::embedded().unwrap();
    let matrix = selftest(&suite, &mut |_| {}).unwrap();
    assert_eq!(matrix.problems, Vec::<String>::new());
    assert!(matrix.faults.len() >= 15, "{} faults", matrix.faults.len());
}
