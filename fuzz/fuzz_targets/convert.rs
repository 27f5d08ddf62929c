#![no_main]

q4proof_fuzz::target!(Convert);
