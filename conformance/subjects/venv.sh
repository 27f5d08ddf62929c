#!/usr/bin/env bash
# venv.sh FOLDER MODULE PYTHON: installs a subject's packages, as FOLDER/requirements.txt pins them, in a
# virtual environment of its own: `FOLDER/target/venv`, which git ignores. MODULE is what can be imported
# then, and PYTHON the oldest version that the pinned packages take, such as 3.11. Nothing is written
# outside of `FOLDER/target`, and what is there already in the right versions is left alone.
set -euo pipefail
[ $# -eq 3 ] || { echo 'usage: venv.sh FOLDER MODULE PYTHON' >&2; exit 2; }
cd "$(dirname "$0")/$1"
module=$2 oldest=$3 venv=target/venv

# Written last, so that an installation that was interrupted is made anew. The import tells of a Python
# that has been replaced since; -I, lest the folder's own name pass for the package.
installed=$venv/requirements.txt
if cmp -s requirements.txt "$installed" && "$venv/bin/python" -I -c "import $module" 2> /dev/null; then
  exit 0
fi

python3 -c "import sys; sys.exit(sys.version_info < (${oldest/./, }))" ||
  { echo "Python $oldest or newer is needed" >&2; exit 2; }
mkdir -p target
# Python and pip keep their temporary files where this points.
TMPDIR=$PWD/target
export TMPDIR
python3 -m venv --clear "$venv"
"$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --requirement requirements.txt
cp requirements.txt "$installed"
