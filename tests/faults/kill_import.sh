#!/usr/bin/env bash
# kill -9 during an import, a hundred times at random: every acknowledged row is there, the log verifies, and running the
# import again completes it.
set -euo pipefail
candor=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 - "$candor" "$folder" <<'P'
import datetime as dt, json, pathlib, random, subprocess, sys, time

candor, folder = sys.argv[1], pathlib.Path(sys.argv[2])
chance = random.Random(100)
first = dt.date(1990, 1, 1)
nights = 6_000
file = folder / "nights.ndjson"
with file.open("w") as out:
    for n in range(nights):
        day = first + dt.timedelta(days=n)
        out.write(json.dumps({"metric": "sleep_duration", "value": 400 + n % 90, "unit": "min", "kind": "sleep",
                              "start": f"{day}T00:10:00Z", "end": f"{day}T07:50:00Z"}) + "\n")


def run(data, *args):
    command = [candor, "--json", "--quiet", "--data-dir", str(data), *args]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, (args, answer.stderr, answer.stdout)
    return json.loads(answer.stdout)


began = time.monotonic()
run(folder / "whole", "import", str(file))
whole = time.monotonic() - began
killed = 0
for round in range(10):
    data, held = folder / f"data{round}", 0
    for _ in range(10):
        process = subprocess.Popen([candor, "--quiet", "--data-dir", str(data), "import", str(file)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=chance.uniform(0, whole))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        killed += 1
        verified = run(data, "verify")
        assert verified["ok"], verified
        if verified["streams"]:
            metrics = run(data, "metrics")
            days = metrics[0]["days"] if metrics else 0
            assert days >= held, f"{held} days were there, now {days}"
            held = days
    run(data, "import", str(file))
    assert run(data, "metrics")[0]["days"] == nights
    again = run(data, "import", str(file))["files"][0]
    assert (again["accepted"], again["corrected"]) == (0, 0), again
print(f"{killed} kills, nothing lost, every log verified")
P
