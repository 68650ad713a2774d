#!/usr/bin/env bash
# Run a command with an empty HOME and list what it left there: `scripts/fresh_home.sh make test`.
#
# Set the environments up first (run the command once without this script): pip and npm keep their caches under HOME.
# Exit code: the command's; 1 if it ended well but left a file.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT ...]" >&2; exit 2; }

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
status=0
env -u XDG_CACHE_HOME -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u ORT_DISABLE_TELEMETRY HOME="$home" "$@" || status=$?
left=$(cd "$home" && find . -type f | sort)
if [ -z "$left" ]; then
    echo "HOME is empty after: $*"
else
    echo "HOME holds $(wc -l <<<"$left") files after: $*"
    cut -d/ -f2-4 <<<"$left" | sort | uniq -c
    [ $status -ne 0 ] || status=1
fi
exit $status
