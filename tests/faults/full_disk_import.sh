#!/usr/bin/env bash
# A disk that fills up during an import: a clear message, what was acknowledged is kept, the log verifies, and running the
# import again with room on the disk completes it.
set -euo pipefail
candor=$(realpath "$1")
if [ "${2:-}" != inside ]; then
  # A namespace of its own, in which anybody may mount a small disk.
  exec unshare --map-root-user --mount bash "$0" "$candor" inside
fi
folder=$(mktemp -d)
trap 'umount "$folder/disk" 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir "$folder/disk"
python3 - >"$folder/samples.ndjson" <<'P'
import datetime as dt
first = dt.datetime(2020, 1, 1)
for n in range(20_000):
    start = (first + dt.timedelta(minutes=3 * n)).strftime("%Y-%m-%dT%H:%M:%SZ")
    print('{"metric":"stress","value":%d,"unit":"points","start":"%s"}' % (20 + n % 50, start))
P
fails=0
# Beyond the 4 MiB that are kept for reading.
for size in 5500k 5800k 6100k 7100k 8100k 10m; do
  mount -t tmpfs -o "size=$size" tmpfs "$folder/disk"
  run() { "$candor" --quiet --data-dir "$folder/disk/data" --now 2026-03-01T12:00:00Z "$@"; }
  code=0
  run import "$folder/samples.ndjson" >/dev/null 2>"$folder/message" || code=$?
  if [ "$code" != 0 ]; then
    fails=$((fails + 1))
    [ "$code" = 1 ] || { echo "exit $code at $size"; cat "$folder/message"; exit 1; }
    grep -qiE "disk is full|no space left" "$folder/message" || { cat "$folder/message"; exit 1; }
    grep -q "run the command again" "$folder/message" || { cat "$folder/message"; exit 1; }
  fi
  mount -o remount,size=300m "$folder/disk"
  run verify >/dev/null
  run import "$folder/samples.ndjson" >/dev/null
  days=$(run --json metrics | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["days"])')
  [ "$days" = 42 ] || { echo "$days days instead of 42 at $size"; exit 1; }
  run --json verify | grep -q '"ok":true\|"ok": true'
  find "$folder/disk" -name '*.part' | grep . && { echo "a torn file was left"; exit 1; }
  umount "$folder/disk"
done
[ "$fails" -ge 3 ] || { echo "only $fails of the disks filled up"; exit 1; }
echo "$fails disks filled up, nothing lost, every import completed"
