//! A pass over the whole suite, several times.

use std::time::Duration;

use q4proof::run::{Profile, Settings, Totals, run};
use q4proof::subject::{InProcess, Reference, Stop};
use q4proof::suite::{Case, Suite};

#[test]
fn a_seed_changes_the_order_and_nothing_else() {
    let suite = &Suite::embedded().unwrap();
    let small = |case: &&Case| case.recipe.is_none();
    let cases: Vec<&Case> = suite.cases().iter().filter(small).collect();
    let pass = |seed| {
        let settings = Settings {
            profile: Profile::all(),
            deadline: Duration::from_secs(1),
            seed,
            repeat: 1,
            stop: Stop::default(),
            keep_going: false,
        };
        let mut subject = InProcess::new(Reference);
        run(suite, &cases, &mut subject, &settings, &mut |_| {}).unwrap()
    };
    let (plain, shuffled, again) = (pass(None), pass(Some(7)), pass(Some(7)));
    assert_eq!(shuffled, again);
    assert_ne!(plain, shuffled);
    assert_eq!(Totals::of(&plain), Totals::of(&shuffled));
}
