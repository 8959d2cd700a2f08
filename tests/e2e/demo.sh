#!/usr/bin/env bash
# The demo ends with a score, insights with grades and a text, and leaves nothing behind.
set -euo pipefail
candor=$(realpath "$1")
answer=$("$candor" --json demo --once)
python3 - "$answer" <<'P'
import json, sys
answer = json.loads(sys.argv[1])
assert isinstance(answer["score"], int), "the score is a number"
assert all(i["grade"] in "ABCD" for i in answer["insights"]) and len(answer["insights"]) >= 5
assert len(answer["narrative"]["sentences"]) >= 6
print(f"score {answer['score']}, {len(answer['insights'])} insights, {len(answer['narrative']['sentences'])} sentences")
P
