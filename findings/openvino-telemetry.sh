#!/usr/bin/env bash
# What `import openvino` leaves under HOME, for someone who only compares speeds.
#
# Guess: nothing; asked for, a cache of compiled models
# Seen: an id for Google Analytics and a count of uses, in HOME/intel, at the import alone, with no question asked where there
#   is no terminal; no variable of its own switches it off (there is a script, opt_in_out), but CI=true does
# With: openvino 2026.4.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openvino==2026.4.1
mkdir home home-of-ci
quiet=(env -u TF_BUILD -u JENKINS_URL -u XDG_CACHE_HOME)
"${quiet[@]}" -u CI HOME="$work/home" venv/bin/python -c "import openvino; print('openvino', openvino.__version__)" </dev/null
"${quiet[@]}" CI=true HOME="$work/home-of-ci" venv/bin/python -c "import openvino" </dev/null
echo "under HOME:" $(cd home && find . -type f)
echo "with CI=true:" $(cd home-of-ci && find . -type f)
[ -s home/intel/openvino_ga_cid ] || { echo "the import writes no id now" >&2; exit 1; }
[ -z "$(find home-of-ci -type f)" ] || { echo "CI=true no longer stops it" >&2; exit 1; }
