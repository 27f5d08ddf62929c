//! Compiles the C code into this program, with the sanitizer that the Rust code has.

fn main() {
    const SOURCES: &str = "../../../conformance";
    let source = format!("{SOURCES}/subjects/c-library/q4_library.c");
    println!("cargo:rerun-if-changed={source}");
    println!("cargo:rerun-if-changed={SOURCES}/q4proof.h");
    println!("cargo:rerun-if-env-changed=Q4PROOF_CFLAGS");
    let mut build = cc::Build::new();
    build.file(source).include(SOURCES).std("c99").debug(true);
    for flag in std::env::var("Q4PROOF_CFLAGS").unwrap_or_default().split_whitespace() {
        build.flag(flag);
    }
    // Cargo tells build scripts so where the compiler is nightly, and fuzzing needs that anyway.
    let sanitizers = std::env::var("CARGO_CFG_SANITIZE").unwrap_or_default();
    if sanitizers.split(',').any(|sanitizer| sanitizer == "address") {
        build.flag("-fsanitize=address").flag("-fno-omit-frame-pointer");
    }
    build.compile("q4_library");
    println!("cargo:rustc-link-lib=m");
}
