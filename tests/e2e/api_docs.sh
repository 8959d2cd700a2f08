#!/usr/bin/env bash
# The lines of docs/api.md, run as they stand: a newcomer comes from an empty folder to the first "why".
set -euo pipefail
candor=$(realpath "$1")
cd "$(dirname "$(realpath "$0")")/../.."
command -v jq >/dev/null && command -v unzip >/dev/null || { apt-get update -qq && apt-get install -y -qq jq unzip >/dev/null; }
folder=$(mktemp -d)
stop() {
  # The page starts a server in the background: its shell names it here.
  [ ! -s "$folder/server" ] || kill "$(cat "$folder/server")" 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
mkdir "$folder/bin"
ln -s "$candor" "$folder/bin/candor"
cp tests/golden/sleep_decline/input.ndjson "$folder/nights.ndjson"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
{
  echo 'set -euo pipefail'
  sed -n '/^```sh$/,/^```$/p' docs/api.md | sed -e '/^```/d' -e "s/127\.0\.0\.1:8080/127.0.0.1:$port/" \
    -e 's/^\(candor .* serve .*\) &$/\1 \& echo $! >server/'
} >"$folder/page.sh"
cd "$folder"
PATH="$folder/bin:$PATH" no_proxy='*' bash page.sh >said 2>&1 || { cat said server.log >&2; exit 1; }
for expected in '"role":"person"' '"accepted": 90' '"row": 2' '304' '"days_left"' '"follow_ups"' 'as they were recorded' 'sleep duration' '"what_would_change_it"' 'day_assessed' '"checkin_mood"' '"keys_destroyed"'; do
  grep -qF -- "$expected" said || { echo "docs/api.md did not show $expected:" >&2; cat said >&2; exit 1; }
done
echo "docs/api.md: $(grep -c . page.sh) lines run, $(grep -c . said) lines shown"
