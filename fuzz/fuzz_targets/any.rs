//! Every target of `q4proof fuzz targets`: see `q4proof_fuzz::Asked`.
#![no_main]

q4proof_fuzz::target!();
