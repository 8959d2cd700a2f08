#!/usr/bin/env bash
# Live providers as a person connects them, against mocks that Prism (npm) makes of the providers' own documents: connect, first
# fetch, history, renewal of access, notices, a record that vanishes, disconnect.
set -euo pipefail
candor=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
documents="$here/../../../shared/providers"
if [ ! -d "$documents" ]; then
  if [ "${CI:-}" = true ]; then echo "the providers' documents are not at $documents" >&2; exit 1; fi
  echo "skipped: the providers' documents are not at $documents"
  exit 0
fi
for program in python3 npm node curl openssl; do
  command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
done
folder=$(mktemp -d)
pids=()
stop() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$folder"; }
trap stop EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/node" @stoplight/prism-cli@5.16.0 >/dev/null

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
until_answers() {
  curl --silent --noproxy '*' --retry 120 --retry-delay 1 --retry-connrefused -o /dev/null "$1" && return
  echo "$1 does not answer" >&2
  cat "$folder"/*.log >&2
  exit 1
}
mkfifo "$folder/never"
exec {never}<>"$folder/never"
whoop=$(port) strava=$(port) mock=$(port) back=$(port) served=$(port)
prism="$folder/node/node_modules/@stoplight/prism-cli/dist/index.js"
node "$prism" mock -p "$whoop" "$documents/whoop/whoop-openapi-v2.json" >"$folder/prism-whoop.log" 2>&1 & pids+=($!)
node "$prism" mock -p "$strava" "$documents/strava/strava-swagger-v3-bundled.json" >"$folder/prism-strava.log" 2>&1 & pids+=($!)
python3 "$here/providers_mock.py" "$mock" "http://127.0.0.1:$whoop" "http://127.0.0.1:$strava" "$folder/asked" & pids+=($!)
until_answers "http://127.0.0.1:$whoop/v2/cycle"
until_answers "http://127.0.0.1:$strava/athlete"
until_answers "http://127.0.0.1:$mock/test/none"

export CANDOR_DATA_DIR="$folder/data"
printf secret >"$folder/secret"
for provider in WHOOP STRAVA; do
  at="http://127.0.0.1:$mock/${provider,,}"
  export "CANDOR_${provider}_CLIENT_ID=client" "CANDOR_${provider}_CLIENT_SECRET_FILE=$folder/secret" \
    "CANDOR_${provider}_BASE_URL=$at" "CANDOR_${provider}_AUTHORISE_URL=$at/authorise" "CANDOR_${provider}_TOKEN_URL=$at/token"
done
export CANDOR_STRAVA_REVOKE_URL="http://127.0.0.1:$mock/strava/revoke" CANDOR_STRAVA_VERIFY_TOKEN=token \
  CANDOR_STRAVA_WEBHOOK_PATH=0123456789abcdef0123456789abcdef
say() { echo "providers: $*"; }
is() { [ "$2" = "$3" ] || { echo "$1: expected $3, found $2" >&2; cat "$folder/asked" >&2; exit 1; }; }
pick() { python3 -c 'import json, sys; print(eval(sys.argv[1], {"j": json.load(sys.stdin)}))' "$1"; }
# The documents' examples are of these days.
whoop_day=2022-04-25 strava_day=2018-05-03

# A person, connected by the command line, as their browser would follow the page.
printf '{"metric":"steps","value":1,"unit":"steps","start":"2018-01-01T00:00:00Z"}\n' >"$folder/first.ndjson"
"$candor" --quiet import "$folder/first.ndjson" >/dev/null
for provider in whoop strava; do
  day=${provider}_day
  mkfifo "$folder/page-$provider"
  "$candor" --now "${!day}" provider connect "$provider" --listen "127.0.0.1:$back" >"$folder/page-$provider" 2>&1 & connecting=$!
  page=$(grep -m1 -o 'http://[^ ]*authorise?[^ ]*' <"$folder/page-$provider")
  curl -s -L -o /dev/null "$page"
  wait "$connecting"
done
is "both are connected" "$("$candor" --json provider list | pick '[p["state"] for p in j["providers"]]')" "['connected', 'connected', 'not_connected']"

# First fetch.
"$candor" --quiet --now $whoop_day provider sync whoop >/dev/null
"$candor" --quiet --now $strava_day provider sync strava >/dev/null
grep -q VIOLATION "$folder/asked" && { echo "a request is not what the document allows:" >&2; grep VIOLATION "$folder/asked" >&2; exit 1; }
is "again, nothing is new" "$("$candor" --json --now $whoop_day provider sync whoop | pick '(j["synced"][0]["accepted"], j["synced"][0]["corrected"])')" "(0, 0)"

# The access that was given becomes old: it is renewed once, and the fetch goes on.
curl -s -o /dev/null "http://127.0.0.1:$mock/test/expire/whoop"
"$candor" --quiet --now $whoop_day provider sync whoop >/dev/null
is "renewals" "$(grep -c 'whoop refresh_token good' "$folder/asked")" 1

# Strava's access is renewed too: a clock that stands has no second try.
"$candor" --quiet --now $whoop_day provider sync strava >/dev/null
# A server with jobs inside: a signed notice, then one of a record that is gone.
"$candor" --quiet --now $whoop_day serve --local --listen "127.0.0.1:$served" 2>"$folder/serve.log" & server=$!
pids+=("$server")
until_answers "http://127.0.0.1:$served/healthz"
id=ecfc6a15-4661-442f-a9a4-f160dd7afae8
notice() {
  local body="{\"user_id\":10129,\"id\":\"$id\",\"type\":\"$1\",\"trace_id\":\"$2\"}" time signature
  # A minute before the end of the day that the server pretends it is.
  time=$(date -u -d "$whoop_day 23:59" +%s%3N)
  signature=$(printf '%s%s' "$time" "$body" | openssl dgst -sha256 -hmac "${3:-secret}" -binary | base64)
  curl -s -o /dev/null -w '%{http_code}' -H "X-WHOOP-Signature: $signature" -H "X-WHOOP-Signature-Timestamp: $time" \
    -H 'Content-Type: application/json' --data "$body" "http://127.0.0.1:$served/webhooks/whoop"
}
is "a forged notice" "$(notice sleep.deleted forged wrong)" 401
is "a notice" "$(notice recovery.updated one)" 200
is "the same again" "$(notice recovery.updated one)" 200
jobs() { curl -s "http://127.0.0.1:$served/api/v1/jobs?limit=200" | pick "$1"; }
until_done() {
  for _ in $(seq 300); do
    [ "$(jobs "len([x for x in j['jobs'] if x['kind'] == '$1' and x['state'] == 'done'])")" -ge "$2" ] && return
    # A look a tenth of a second: the shell has no other wait than for a line that never comes.
    read -r -t 0.1 <&"$never" || true
  done
  echo "$1 was not done: $(jobs j)" >&2
  cat "$folder/serve.log" >&2
  exit 1
}
# Two activities of Strava's list, each by itself, and the night that the notice named.
until_done record 3
is "one look for two notices" "$(grep -c 'whoop GET v2/activity/sleep/' "$folder/asked")" 1
value() { curl -s "http://127.0.0.1:$served/api/v1/observations?metric=$1&since=2018-01-01&until=2022-04-30" | pick '[round(x["value"], 1) for x in j["observations"]]'; }
# By hand from the documents' examples: (30,272,735 - 1,403,507) ms asleep, 8,288.297 kJ, RMSSD 31.813562 ms.
is "asleep, in minutes" "$(value sleep_duration)" "[$(pick 'round((30272735 - 1403507) / 60000, 1)' <<<0)]"
is "energy, in kilocalories" "$(value energy)" "[$(pick 'round(8288.297 / 4.184, 0)' <<<0)]"
is "HRV, in milliseconds" "$(value hrv_rmssd)" "[31.8]"
is "metres of all activities" "$(value activity_distance | pick 'sorted(set(j))')" "[1772.8, 23676.5, 24931.4, 28099.0]"
nights() { curl -s "http://127.0.0.1:$served/api/v1/observations?metric=sleep_duration&since=2022-04-01&until=2022-04-30" | pick 'len(j["observations"])'; }
is "a night" "$(nights)" 1
curl -s -o /dev/null "http://127.0.0.1:$mock/test/gone/$id"
is "a notice of a deletion" "$(notice sleep.deleted two)" 200
until_done gone 1
is "the night is gone" "$(nights)" 0
is "the answer to Strava" "$(curl -s "http://127.0.0.1:$served/webhooks/strava/$CANDOR_STRAVA_WEBHOOK_PATH?hub.mode=subscribe&hub.challenge=abc&hub.verify_token=token")" '{"hub.challenge":"abc"}'
# The end: told to the providers. What Strava brought goes, as its terms demand, under the server's eyes; what WHOOP brought stays.
refused() { ! "$candor" --quiet provider disconnect "$@" 2>/dev/null </dev/null || { echo "$* was not refused" >&2; exit 1; }; }
refused whoop
refused strava --keep
is "Strava was told" "$(curl -s -X DELETE "http://127.0.0.1:$served/api/v1/providers/strava?data=delete" | pick 'j["revoked"], j["deleted"]')" "(True, True)"
is "nothing of Strava" "$(value activity_distance)" "[]"
is "WHOOP was told" "$("$candor" --json provider disconnect whoop --keep | pick 'j["revoked"], j["deleted"]')" "(True, False)"
is "energy stays" "$(value energy)" "[$(pick 'round(8288.297 / 4.184, 0)' <<<0)]"
kill "$server"; wait "$server" || { echo "the server did not stop as asked" >&2; exit 1; }

grep -q 'whoop DELETE v2/user/access 204' "$folder/asked"
grep -q 'strava revoked' "$folder/asked"
grep -q VIOLATION "$folder/asked" && { grep VIOLATION "$folder/asked" >&2; exit 1; }
"$candor" --quiet verify
say "$(wc -l <"$folder/asked") calls, none that the documents do not allow: $(awk '{print $1}' "$folder/asked" | sort | uniq -c | tr -s ' \n' ' ')"
