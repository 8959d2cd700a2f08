#!/usr/bin/env bash
# An exported folder as others read it: the tables against the Data Package specification (PyPI `frictionless`), the lines of the
# log against their JSON Schema (PyPI `jsonschema`), the digests by coreutils; and that each of them can fail.
set -euo pipefail
candor=$(realpath "$1")
cd "$(dirname "$(realpath "$0")")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check frictionless==5.19.1 jsonschema==4.26.0 rfc3339-validator==0.1.4
python3 - "$folder" <<'P'
import datetime as dt, json, sys
lines = open(sys.argv[1] + "/days.ndjson", "w")
for n in range(90):
    day = dt.date(2026, 1, 7) + dt.timedelta(days=n)
    for metric, unit, value in [("steps", "steps", 6000 + 37 * n), ("resting_heart_rate", "bpm", 50 + n % 7)]:
        if n % 10:  # a day in ten has no value
            lines.write(json.dumps({"metric": metric, "unit": unit, "value": value, "kind": "day", "provider": "garmin",
                                    "start": f"{day}T00:00:00+01:00"}) + "\n")
for n in range(3):
    for metric, unit, value in [("activity_duration", "min", 31.25 + n), ("activity_distance", "km", 5.5)]:
        lines.write(json.dumps({"metric": metric, "unit": unit, "value": value, "kind": "activity", "sport": "running, easy \"5k\"",
                                "provider": "garmin", "record": f"a{n}", "start": f"2026-04-0{n + 1}T18:00:00+02:00",
                                "end": f"2026-04-0{n + 1}T18:31:15.5+02:00"}) + "\n")
P
run() { "$candor" --quiet --data-dir "$folder/data" --now 2026-04-06T20:00:00Z "$@" >/dev/null; }
run import tests/golden/sleep_decline/input.ndjson "$folder/days.ndjson"
run checkin --mood 4 --sleep-quality 2
run loop
run experiment start regular_bedtime
run loop
run export "$folder/mine"
"$folder/python/bin/python" - "$folder/mine" <<'P'
import csv, json, pathlib, sys
import jsonschema
from frictionless import Package, validate

folder = pathlib.Path(sys.argv[1])
described = json.loads((folder / "datapackage.json").read_text())
report = validate(str(folder / "datapackage.json"))
assert report.valid, report.flatten(["type", "resource", "rowNumber", "fieldNumber", "note"])
tables = {resource["name"] for resource in described["resources"]}
assert {f"tables/{name}.csv" for name in tables} == {str(p.relative_to(folder)) for p in folder.glob("tables/*.csv")}
rows = {r.name: r.read_rows() for r in Package(str(folder / "datapackage.json")).resources}
assert len(rows["observations"]) == 90 + 2 * 81 + 6 + 2, len(rows["observations"])
assert all(rows[name] for name in tables - {"notes", "safety_notices", "experiment_days"}), {n: len(r) for n, r in rows.items()}
run = rows["activities"][-1]
assert (run["sport"], run["activity_distance"], run["activity_energy"]) == ('running, easy "5k"', 5500, None), run
fields = {f["name"]: f for r in described["resources"] for f in r["schema"]["fields"]}
assert fields["activity_distance"]["unit"] == "m"

schema = json.loads((folder / "events.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
lines = [json.loads(line) for line in (folder / "events.ndjson").open()]
for line in lines:
    checker.validate(line)
event = next(line for line in lines if line["line"] == "event")
for broken in [event | {"type": "unheard_of"}, event | {"more": 1}, event | {"hash": "0"}, event | {"recorded_at": "today"},
               {k: v for k, v in event.items() if k != "sealed"}]:
    assert not checker.is_valid(broken), broken

# The validator can tell: a text where a number belongs, an empty cell where none may be, the same key twice, another digest.
def broken(change):
    path = folder / "tables/days.csv"
    whole = path.read_bytes()
    table = list(csv.reader(whole.decode().splitlines()))
    change(table)
    with path.open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(table)
    found = {e[0] for e in validate(str(folder / "datapackage.json")).flatten(["type"])}
    path.write_bytes(whole)
    return found
assert "type-error" in broken(lambda t: t[3].__setitem__(2, "many"))
assert "constraint-error" in broken(lambda t: t[3].__setitem__(3, ""))
assert "primary-key" in broken(lambda t: t.append(t[1]))
assert "hash-count" in broken(lambda t: t[1].__setitem__(2, "1"))
print(f"{len(tables)} tables with {sum(map(len, rows.values()))} rows and {len(lines)} lines as described")
P
manifest() { python3 -c 'import json, sys
for f in json.load(open(sys.argv[1]))["files"]: print(f["sha256"], "", f["path"])' "$folder/mine/manifest.json"; }
(cd "$folder/mine" && manifest | sha256sum --check --quiet)
run verify --export "$folder/mine"
sed -i '2s/,true,/,false,/; 2s/[0-9]/9/' "$folder/mine/tables/days.csv"
if "$candor" verify --export "$folder/mine" >"$folder/said" 2>&1; then echo "an edited table passed" >&2; exit 1; fi
grep -q '^tables/days.csv line 2: ' "$folder/said" || { cat "$folder/said" >&2; exit 1; }
