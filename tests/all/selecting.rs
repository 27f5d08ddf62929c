//! Which operations a profile claims, which cases a pattern takes, and the random numbers of both.

use q4proof::suite::glob;
use q4proof::suite::operation::Verb;
use q4proof::suite::profile::Profile;
use q4proof::suite::random::SplitMix64;
use q4proof::suite::{FormatId, Operation};

#[test]
fn a_profile_is_what_it_names() {
    let operations = Operation::all();
    let held = |profile: &Profile| -> Vec<Operation> {
        operations.iter().copied().filter(|&operation| profile.contains(operation)).collect()
    };
    assert_eq!(held(&Profile::all()), operations);
    for &operation in &operations {
        let alone: Profile = operation.to_string().parse().unwrap();
        assert_eq!(held(&alone), [operation]);
        assert!(!alone.is_bounded(operation.format));
        assert_eq!(alone.to_string(), operation.to_string());
    }
    // A format stands for all of its operations.
    let of_khq4: Vec<Operation> =
        operations.iter().copied().filter(|operation| operation.format == FormatId::KHQ4).collect();
    assert_eq!(held(&"khq4".parse().unwrap()), of_khq4);
    assert_eq!("khq4".parse::<Profile>().unwrap().to_string(), "khq4");
    let encode = Operation::new(Verb::Encode, FormatId::KHQ4);
    let bounded = Profile::bounded_encode();
    assert_eq!(
        (bounded.to_string().as_str(), held(&bounded)),
        ("encode-bounded:khq4", vec![encode])
    );
    assert!(bounded.is_bounded(FormatId::KHQ4) && !bounded.is_bounded(FormatId::Q4_1));
    assert_eq!("encode-bounded:khq4".parse(), Ok(bounded));
    let words: Vec<String> = operations
        .iter()
        .map(|operation| operation.to_string().replace("encode:khq4", "encode-bounded:khq4"))
        .collect();
    let all_bounded = "all,encode-bounded:khq4".parse::<Profile>().unwrap();
    assert_eq!(held(&all_bounded), operations);
    assert_eq!(all_bounded.to_string().parse(), Ok(all_bounded.clone()));
    assert!(
        words
            .iter()
            .filter(|word| word.ends_with(":khq4"))
            .all(|word| all_bounded.to_string().split('+').any(|written| written == word)),
        "{all_bounded}"
    );
}

/// The first numbers of seed 1234567, as the author of splitmix64 publishes them.
#[test]
fn the_random_numbers_are_the_published_ones() {
    let mut random = SplitMix64::new(1_234_567);
    let first: Vec<u64> = (0..5).map(|_| random.next_u64()).collect();
    assert_eq!(
        first,
        [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ]
    );
    let mut random = SplitMix64::new(1);
    let units: Vec<f32> = (0..2000).map(|_| random.signed_unit()).collect();
    assert!(units.iter().all(|unit| (-1.0..=1.0).contains(unit)));
    assert!(units.iter().any(|unit| *unit < -0.99) && units.iter().any(|unit| *unit > 0.99));
}

#[test]
fn a_pattern_takes_whole_ids() {
    for (pattern, id, taken) in [
        ("", "", true),
        ("", "a", false),
        ("a", "", false),
        ("*", "", true),
        ("**", "abc", true),
        ("abc", "abc", true),
        ("abc", "abcd", false),
        ("abc", "ab", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("?", "é", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("*c", "abcd", false),
        ("a*c", "abc", true),
        ("a*c", "ac", true),
        ("a*c", "acb", false),
        // What a star took is given back.
        ("a*bc", "abbc", true),
        ("*ab*cd", "xababccd", true),
        ("*ab*cd", "xabacbd", false),
        ("a*b*", "ab", true),
        ("a*?", "a", false),
        ("a*?", "ab", true),
        ("*aab", "aaab", true),
    ] {
        assert_eq!(glob::matches(pattern, id), taken, "{pattern:?} over {id:?}");
    }
    for (text, pattern) in [("decode/*", true), ("a?", true), ("decode/worked", false), ("", false)]
    {
        assert_eq!(glob::is_pattern(text), pattern, "{text:?}");
    }
}
