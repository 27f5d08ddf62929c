#!/usr/bin/env bash
# Installs the subject's packages, as requirements.txt pins them, in a virtual environment of its own:
# `target/venv`, in a folder that git ignores. Nothing is written outside of `target`. What is there
# already in the right versions is left alone. Needs Python 3.10 or newer, on Linux with glibc 2.35 or
# newer, for the pinned mlx.
set -euo pipefail
cd "$(dirname "$0")"
venv=target/venv

# Written last, so that an installation that was interrupted is made anew. The import tells of a Python
# that has been replaced since; -I, so that no other folder's mlx passes for the package.
installed=$venv/requirements.txt
if cmp -s requirements.txt "$installed" && "$venv/bin/python" -I -c 'import mlx.core' 2> /dev/null; then
  exit 0
fi

python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo 'Python 3.10 or newer is needed' >&2; exit 2; }
mkdir -p target
# Python and pip keep their temporary files where this points.
TMPDIR=$PWD/target
export TMPDIR
python3 -m venv --clear "$venv"
"$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --requirement requirements.txt
cp requirements.txt "$installed"
