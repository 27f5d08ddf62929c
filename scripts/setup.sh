#!/usr/bin/env bash
# Installs the tools that fuzzing and the mutation sweep need, at pinned versions: both, or those of
# `setup.sh fuzz` or `setup.sh mutants` alone. What is there already in the right version is left
# alone. Needs rustup; libFuzzer's runtime needs a C++ compiler.
#
# `setup.sh gpu` sees to an adapter instead: Metal is there on macOS, and where Vulkan has no driver it
# installs Mesa's software one, by apt-get and as root.
set -euo pipefail

cargo_fuzz=0.13.2
cargo_mutants=27.1.0

install() {
  local name=$1 version=$2
  if cargo install --list | grep -q "^$name v$version:"; then
    printf '%s %s is there\n' "$name" "$version"
  else
    cargo install --locked "$name" --version "=$version"
  fi
}

# Whether Vulkan's loader finds the manifest of a driver.
has_vulkan_driver() {
  [ -n "${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}" ] ||
    compgen -G '/etc/vulkan/icd.d/*.json' > /dev/null ||
    compgen -G '/usr/local/share/vulkan/icd.d/*.json' > /dev/null ||
    compgen -G '/usr/share/vulkan/icd.d/*.json' > /dev/null
}

install_adapter() {
  if [ "$(uname)" = Darwin ]; then
    echo 'Metal is there'
  elif has_vulkan_driver; then
    echo 'a Vulkan driver is there'
  elif ! command -v apt-get > /dev/null; then
    echo 'no Vulkan driver, and no apt-get to install one: Mesa has a software one (lavapipe)' >&2
    exit 2
  elif [ "$(id -u)" -eq 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libvulkan1 mesa-vulkan-drivers
  elif sudo -n true 2> /dev/null; then
    sudo apt-get update -qq
    sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libvulkan1 mesa-vulkan-drivers
  else
    echo 'no Vulkan driver: as root, apt-get install libvulkan1 mesa-vulkan-drivers' >&2
    exit 2
  fi
}

case "${1:-all}" in
  all | fuzz | mutants) ;;
  gpu) install_adapter; exit ;;
  *) echo 'usage: setup.sh [fuzz | mutants | gpu]' >&2; exit 2 ;;
esac
if [ "${1:-all}" != mutants ]; then
  command -v c++ > /dev/null || { echo 'a C++ compiler (c++) is needed' >&2; exit 2; }
  rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
  install cargo-fuzz "$cargo_fuzz"
fi
if [ "${1:-all}" != fuzz ]; then
  install cargo-mutants "$cargo_mutants"
fi
