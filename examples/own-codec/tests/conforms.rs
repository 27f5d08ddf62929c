//! The codec beside the specification.

mod subject;

use q4proof::conformance::{Profile, assert_conforms, check};

fn profile() -> Profile {
    "decode:khq4+encode:khq4".parse().expect("a profile")
}

#[test]
fn the_codec_conforms() {
    assert_conforms(&subject::Subject, profile());
}

/// A failure of tier should keeps nobody from conforming, and this codec has none.
#[test]
fn the_codec_does_what_it_should() {
    let totals = check(&subject::Subject, profile()).expect("it conforms");
    assert_eq!(totals.advisory, 0, "{totals:?}");
}
