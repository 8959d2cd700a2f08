"""Makes the inputs of the golden cases. Run once: `python3 tests/golden/make_inputs.py`; chance comes from fixed seeds."""
import datetime as dt
import json
import pathlib
import random

HERE = pathlib.Path(__file__).parent


def write(case, lines, settings, why):
    folder = HERE / case
    folder.mkdir(exist_ok=True)
    (folder / "input.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "case.json").write_text(json.dumps(settings | {"why": why}, indent=2) + "\n")


def night(day, hours, offset="+00:00", unit="h", metric="sleep_duration"):
    start = dt.datetime.combine(day - dt.timedelta(days=1), dt.time(23, 10))
    end = start + dt.timedelta(hours=8)
    return {"metric": metric, "value": hours, "unit": unit, "kind": "sleep",
            "start": start.isoformat() + offset, "end": end.isoformat() + offset}


BEFORE, AFTER = [7.5, 7.8, 7.2, 8.0, 7.6], [6.5, 6.8, 6.2, 6.4, 6.6]

# The last of 90 nights ends on a Monday, the day on which changes are searched.
first = dt.date(2026, 1, 7) - dt.timedelta(days=2)
days = [first + dt.timedelta(days=n) for n in range(90)]
while days[-1].weekday() != 0:
    days = [day + dt.timedelta(days=1) for day in days]
chance = random.Random(1)
hours = [BEFORE[n % 5] if n < 60 else AFTER[n % 5] for n in range(90)]
hours = [round(h + chance.uniform(-0.2, 0.2), 2) for h in hours]
write("sleep_decline", [night(d, h) for d, h in zip(days, hours)],
      {"now": f"{days[-1]}T20:00:00Z",
       "profile": ["--age-band", "from18_to39", "--conditions", "none", "--heart-medication", "false"]},
      "Sixty usual nights and thirty short ones: a change must be found and answered with something to try.")

ten = [dt.date(2024, 1, 1) + dt.timedelta(days=n) for n in range(10)]
write("ten_nights", [night(d, h) for d, h in zip(ten, BEFORE + AFTER)], {"now": "2024-01-10T20:00:00Z"},
      "Ten nights are too few to say what is usual, however clear the fall in them looks.")

chance = random.Random(3)
lines, carry = [], [0.0] * 4
for n in range(180):
    day = dt.date(2025, 9, 1) + dt.timedelta(days=n)
    carry = [0.3 * c + 0.954 * chance.gauss(0, 1) for c in carry]
    lines.append(night(day, round(440 + 32 * carry[0]), unit="min"))
    for metric, unit, mean, sd, c in [("resting_heart_rate", "bpm", 56, 2, carry[1]), ("hrv_rmssd", "ms", 60, 8, carry[2])]:
        lines.append(night(day, round(mean + sd * c), unit=unit, metric=metric) | {"kind": "recovery"})
    start = dt.datetime.combine(day, dt.time())
    lines.append({"metric": "steps", "value": round(8000 + 1800 * carry[3]), "unit": "steps", "kind": "day",
                  "start": start.isoformat() + "+00:00"})
write("null_person", lines, {"now": "2026-02-27T20:00:00Z"},
      "Noise around a constant: no change may be claimed.")

chance = random.Random(4)
lines = []
for n in range(70):
    day = dt.date(2026, 1, 1) + dt.timedelta(days=n)
    offset = "+01:00" if n < 25 else "-08:00" if n < 50 else "+09:00"
    lines.append(night(day, round(430 + chance.gauss(0, 25)), offset, "min"))
write("traveller", lines, {"now": "2026-03-11T20:00:00Z", "profile": ["--home-zone", "Europe/Berlin"]},
      "Three zones in seventy nights: a night belongs to the day of the wake where the person was.")

chance = random.Random(5)
lines = []
for n in range(120):
    day = dt.date(2025, 11, 1) + dt.timedelta(days=n)
    if n % 7 in (2, 5) or 60 <= n < 74:
        continue
    lines.append(night(day, round(450 + chance.gauss(0, 28)), unit="min"))
write("gaps", lines, {"now": "2026-02-28T20:00:00Z"},
      "Two nights a week and one fortnight are missing: they are neither zeros nor filled in.")

# The order that `--seed 7` draws, as `begins_with` of src/domain/experiment/blocks.rs has it.
def begins_with(seed, pair):
    mask = (1 << 64) - 1
    z = (seed + (pair + 1) * 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return (z ^ (z >> 31)) >> 63 == 1


chance = random.Random(6)
first = dt.date(2026, 3, 1)
arms = []
for pair in range(14):
    arms += [True] * 3 + [False] * 3 if begins_with(7, pair) else [False] * 3 + [True] * 3
lines = []
for n in range(-30, 84):
    minutes = 425 + chance.gauss(0, 25) + (35 if n >= 0 and arms[n] else 0)
    if chance.random() >= 0.05:
        lines.append(night(first + dt.timedelta(days=n), round(minutes), unit="min"))
write("drawn_blocks", lines,
      {"now": "2026-05-23T20:00:00Z",
       "profile": ["--age-band", "from18_to39", "--conditions", "none", "--heart-medication", "false"],
       "experiment": {"fixed": "2026-02-28T20:00:00Z", "start": "2026-03-01", "last": "2026-05-23",
                      "design": ["regular_bedtime", "--days", "84", "--seed", "7"]}},
      "Twelve weeks in blocks of three days, drawn by lot, with 35 minutes more on days with it: the one case in which "
      "Candor may say what an intervention did.")
