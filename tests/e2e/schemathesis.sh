#!/usr/bin/env bash
# The API against Schemathesis (PyPI), in all its phases, with two persons who must not see each other's things: no server error,
# no answer that the document does not describe, no operation that forgets who asks.
set -euo pipefail
candor=$(realpath "$1")
cd "$(dirname "$(realpath "$0")")/../.."
for program in python3 curl; do
  command -v "$program" >/dev/null || { echo "$program is needed" >&2; exit 1; }
done
folder=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server"; } || true
  rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check schemathesis==4.32.5
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
at="http://127.0.0.1:$port"
export ENV_MODE=dev
data=(--data-dir "$folder/data" --quiet)
"$candor" "${data[@]}" serve --listen "127.0.0.1:$port" 2>"$folder/log" &
server=$!
curl --silent --fail --noproxy '*' --retry 60 --retry-delay 1 --retry-connrefused "$at/readyz" >/dev/null ||
  { echo "the server did not start" >&2; cat "$folder/log" >&2; exit 1; }
password="a horse, a kettle and a lamp"
for name in ann ben; do
  token=$("$candor" "${data[@]}" user add "$name@example.org")
  curl --silent --show-error --fail --noproxy '*' --json "{\"one_time_token\":\"$token\",\"new\":\"$password\"}" \
    "$at/api/v1/auth/password/one-time"
  access=$(curl --silent --show-error --fail --noproxy '*' --json "{\"name\":\"$name@example.org\",\"password\":\"$password\"}" \
    "$at/api/v1/auth/login" | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  echo "$access" >"$folder/$name"
  # Both have something that the other must not see.
  as=(--silent --show-error --fail --noproxy '*' --output /dev/null --header "Authorization: Bearer $access")
  curl "${as[@]}" --data-binary @tests/golden/sleep_decline/input.ndjson "$at/api/v1/imports?name=nights.ndjson"
  curl "${as[@]}" --request POST "$at/api/v1/loop"
  curl "${as[@]}" --json '{"intervention":"regular_bedtime"}' "$at/api/v1/experiments"
done
python3 - "$folder" <<'P'
import json, sys
folder = sys.argv[1]
def entry(name):
    bearer = "Bearer " + open(f"{folder}/{name}").read().strip()
    return {"name": name, "fixedHeaders": [{"name": "Authorization", "value": bearer}]}
json.dump({"auth": [entry("ann"), entry("ben")]}, open(f"{folder}/auth.json", "w"))
open(f"{folder}/schemathesis.toml", "w").write(
    f'[auth.wfc]\npath = "{folder}/auth.json"\nuser = "ann"\npeers = ["ann", "ben"]\n'
    # What has the right shape can still be a password everybody guesses first, or a day that has not come.
    '[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", 401, 403, 404, 409, 422, 429]\n')
P
# Ending the session that asks would leave nothing to be tested.
(cd "$folder" && "$folder/python/bin/schemathesis" --config-file "$folder/schemathesis.toml" --no-color run "$at/api/v1/openapi.json" \
  --exclude-operation-id logout --exclude-operation-id end_session \
  --phases examples,coverage,fuzzing,stateful --max-examples "${EXAMPLES:-25}" --seed 1 --continue-on-failure \
  --request-timeout 30) >"$folder/report" 2>&1 || { tail -n 150 "$folder/report" >&2; cat "$folder/log" | grep -v '"candor::requests"' | tail -n 20 >&2; exit 1; }
sed -n '/SUMMARY/,$p' "$folder/report"
# Nothing of anybody stands in what the server wrote down at its most talkative: not who they are, not what opens their door, not
# what was measured of them.
asks() {
  local expected=$1
  shift
  local status
  status=$(curl --silent --output /dev/null --write-out '%{http_code}' --noproxy '*' --header "Authorization: Bearer $(cat "$folder/ann")" "$@")
  [ "$status" = "$expected" ] || { echo "$* was answered $status and not $expected" >&2; exit 1; }
}
# Both were signed in to the end: nothing above was asked by nobody.
asks 200 "$at/api/v1/me"
asks 200 --header "Authorization: Bearer $(cat "$folder/ben")" "$at/api/v1/me"
asks 200 --json '{"body_temperature":38.4711}' "$at/api/v1/checkins"
asks 200 --json '{"observations":[{"metric":"resting_heart_rate","value":47.4711,"unit":"bpm","start":"2026-04-01T06:00:00Z"},
  {"metric":"resting_heart_rate","value":4711.25,"unit":"bpm","start":"2026-04-02T06:00:00Z"}]}' "$at/api/v1/observations"
asks 422 --json '{"mood":4711.25}' "$at/api/v1/checkins"
asks 422 "$at/api/v1/why/canary-4711?person=canary-4711"
asks 422 --json "{\"old\":\"$password\",\"new\":\"canary-4711\"}" "$at/api/v1/auth/password"
grep -q '"candor::requests"' "$folder/log" || { echo "there is no request log" >&2; exit 1; }
# A line's own time may hold the digits of a canary by chance.
sed -E 's/"timestamp":"[^"]*"//' "$folder/log" >"$folder/told"
for canary in 38.4711 47.4711 4711.25 canary-4711 example.org "$password" "$(cat "$folder/ann")" "$(cat "$folder/ben")" Bearer cr_ cd_ co_ eyJ; do
  ! grep -F -- "$canary" "$folder/told" >&2 || { echo "the log holds $canary" >&2; exit 1; }
done
echo "$(grep -c . "$folder/log") lines of log, and none holds a canary"
