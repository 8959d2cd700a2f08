#!/usr/bin/env bash
# The client of the narrator against two servers that others wrote: llmock (PyPI) and aimock (npm), installed into a temporary
# place and started on loopback. llmock judges the client afterwards.
set -euo pipefail
here=$(dirname "$(realpath "$0")")/../..
cd "$here"
for program in python3 npm node curl; do
  command -v "$program" >/dev/null || { echo "$program is needed to run the servers" >&2; exit 1; }
done
folder=$(mktemp -d)
running=()
stop() {
  for id in "${running[@]}"; do kill "$id" 2>/dev/null || true; done
  wait "${running[@]}" 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check llmock==0.2.2
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/node" @copilotkit/aimock@1.43.0 >/dev/null
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
one=$(free_port)
"$folder/python/bin/llmock" serve --host 127.0.0.1 --port "$one" --log-level warning >"$folder/llmock.log" 2>&1 &
running+=($!)
other=$(free_port)
node "$folder/node/node_modules/@copilotkit/aimock/dist/cli.js" --host 127.0.0.1 --port "$other" --log-level warn \
  --validate-on-load --fixtures tests/narrator/aimock.json >"$folder/aimock.log" 2>&1 &
running+=($!)
for port in "$one" "$other"; do
  curl --silent --fail --noproxy '*' --retry 60 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/health" >/dev/null ||
    { echo "a server did not start" >&2; cat "$folder"/*.log >&2; exit 1; }
done
export CANDOR_REQUIRE_NARRATOR_SERVERS=1
export CANDOR_LLMOCK_URL="http://127.0.0.1:$one" CANDOR_AIMOCK_URL="http://127.0.0.1:$other"
cargo test --quiet --test narrator others:: || { cat "$folder"/*.log >&2; exit 1; }
# Its exit code also counts findings that take retries for granted; these three must not be there.
"$folder/python/bin/llmock" report --json --url "$CANDOR_LLMOCK_URL" >"$folder/report.json" || true
python3 - "$folder/report.json" <<'P'
import json, sys
report = json.load(open(sys.argv[1]))
assert report["calls"] >= 80 and report["faults_injected"] >= 40, report
codes = [finding["code"] for finding in report["findings"]]
for code in ("retry_after_ignored", "retried_non_retryable", "retry_storm"):
    assert codes.count(code) == 0, (code, report)
assert report["attempts"] == report["calls"], report
print(f"{report['calls']} calls, {report['attempts']} requests, {report['faults_injected']} faults, findings: {sorted(set(codes))}")
P
