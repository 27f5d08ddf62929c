#!/usr/bin/env bash
# Builds the fuzz targets for ClusterFuzzLite. It runs inside the builder image; elsewhere it runs
# where cargo-fuzz, a nightly toolchain and Python 3 are installed.
#
# Environment:
#   SRC        folder that holds this repository as q4proof
#   OUT        folder for what is built: for each target the binary TARGET, TARGET.options,
#              TARGET_seed_corpus.zip and, where it has a dictionary, TARGET.dict
#   WORK       folder for what is left over from building (default: $SRC/q4proof/target/cflite)
#   SANITIZER  address, or coverage: then RUSTFLAGS, which the image sets, has to ask for
#              -C instrument-coverage
#
# CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE are not read here. There is no C of ours, and linking
# libFuzzer is left to cargo-fuzz and libfuzzer-sys: its own copy, or the one of the image where
# that sets CUSTOM_LIBFUZZER_PATH.
set -euo pipefail

fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

for name in SRC OUT SANITIZER; do
  [ -n "${!name:-}" ] || fail "$name is not set"
done
[ -d "$OUT" ] || fail "OUT is not a folder: $OUT"
cd "$SRC/q4proof" || fail "there is no $SRC/q4proof"
work=${WORK:-$SRC/q4proof/target/cflite}
command -v python3 > /dev/null || fail 'python3 is missing'

case $SANITIZER in
  address) profile=release ;;
  coverage)
    profile=debug
    [[ ${RUSTFLAGS:-} == *instrument-coverage* ]] || fail 'SANITIZER=coverage needs -C instrument-coverage in RUSTFLAGS'
    ;;
  *) fail "SANITIZER is $SANITIZER; it can be address or coverage" ;;
esac

# In the image a nightly of a certain date is the default; +nightly would ask for another one.
cargo=(cargo) rustc=(rustc)
if ! rustc --version | grep -q nightly; then
  cargo+=(+nightly) rustc+=(+nightly)
fi
host=$("${rustc[@]}" -vV | sed -n 's/^host: //p')
# dictionary TARGET: prints the path of its dictionary, or nothing.
dictionary() {
  case $1 in
    load_* | save_* | access_paths) echo fuzz/dictionaries/khq4.dict ;;
    protocol_line | vector_file | read_index_*) echo fuzz/dictionaries/json.dict ;;
  esac
}
if [ "$SANITIZER" = address ]; then
  "${cargo[@]}" fuzz build --release --no-trace-compares --target-dir "$work/target" any
else
  # Unoptimised, as the image builds for coverage, and by cargo itself: the wrapper in the image
  # replaces `cargo fuzz build` by a build that knows nothing of the folder. Relative paths would
  # not be found by the report. Naming the host keeps build scripts free of instrumentation.
  (
    cd fuzz
    export RUSTFLAGS="$RUSTFLAGS --remap-path-prefix fuzz_targets=$PWD/fuzz_targets"
    "${cargo[@]}" build --bins --target "$host" --target-dir "$work/target"
  )
fi

# One program is each of the targets, by the name that it has, and names them all.
program=$work/target/$host/$profile/any
listed=$(Q4PROOF_TARGET=list "$program") || fail "$program does not name its targets"
targets=($listed)
[ ${#targets[@]} -gt 0 ] || fail "$program names no target"
for target in "${targets[@]}"; do
  file=$(dictionary "$target")
  [ -z "$file" ] || [ -f "$file" ] || fail "the dictionary of $target is missing: $file"
  [ -d "corpus/$target/seeds" ] || fail "the seeds of $target are missing: corpus/$target/seeds"
done

for target in "${targets[@]}"; do
  cp "$program" "$OUT/$target"

  rm -f "$OUT/${target}_seed_corpus.zip"
  folders=("corpus/$target/seeds")
  [ ! -d "corpus/$target/regressions" ] || folders+=("corpus/$target/regressions")
  inputs=()
  while IFS= read -r input; do inputs+=("$input"); done < <(find "${folders[@]}" -type f | LC_ALL=C sort)
  python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" "${inputs[@]}"

  file=$(dictionary "$target")
  [ -z "$file" ] || cp "$file" "$OUT/$target.dict"

  # The limits of scripts/fuzz.sh.
  length=256
  case $target in protocol_line | vector_file | read_index_*) length=4096 ;; encode_*) length=513 ;; esac
  printf '[libfuzzer]\nmax_len = %s\ntimeout = 5\nrss_limit_mb = 2048\nmalloc_limit_mb = 64\n' "$length" > "$OUT/$target.options"
done
printf 'build.sh: %s targets for %s\n' "${#targets[@]}" "$SANITIZER"
