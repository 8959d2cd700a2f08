#!/usr/bin/env bash
# What the service backup of compose.yaml does: every night at three a backup, and after an hour once more where one failed.
set -uo pipefail
while true; do
  sleep $(($(date --date 'tomorrow 03:00' +%s) - $(date +%s)))
  until candor backup --keep 14 --apply; do
    echo "no backup was made: the next try is in an hour" >&2
    sleep 3600
  done
done
