//! The codec beside the specification.

mod subject;

use q4proof::conformance::{Operation, Profile, assert_conforms};

#[test]
fn the_codec_conforms() {
    assert_conforms(&subject::Subject, Profile::of([Operation::Decode, Operation::Encode]));
}
