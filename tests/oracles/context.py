"""Reference numbers for the context of a day, from public packages.

Run `python tests/oracles/context.py > tests/oracles/context.json` with Python 3.9 after
`pip install pyActigraphy==1.2.2 numba==0.56.4`, which brings numpy, pandas and scipy; on a newer Python a package that
pyActigraphy needs asks for a scikit-learn that does not build. The regularity index is the package's own, on the same
series of minutes asleep and awake; load comes from pandas' `ewm`, whose weights fade over gaps; monotony, bands and
debt from numpy and scipy. numpy 2.4, pandas 3.1 and scipy 1.17 on Python 3.11 gave the same numbers with the package's file
`sleep/scoring/sri.py` loaded by itself.
"""

import json
import sys

import numpy as np
import pandas as pd
import pyActigraphy
import scipy
from pyActigraphy.sleep.scoring import sri
from scipy import stats

DAY = 1440
# 2 March 2026, 00:00 UTC, in minutes since 1970; every pattern has this as its first day.
FIRST = pd.Timestamp("2026-03-02").value // 60_000_000_000


def digits(x):
    return float(f"{x:.15g}")


def night(day, start, end):
    """A main sleep that ends on a day; minutes from that day's midnight, the start before it negative."""
    return [FIRST + day * DAY + start, FIRST + day * DAY + end, False]


def nap(day, start, end):
    return [FIRST + day * DAY + start, FIRST + day * DAY + end, True]


def patterns():
    rng = np.random.default_rng(20260302)
    regular = [night(d, -60, 420) for d in range(14)]
    weekends = [night(d, *((60, 600) if d % 7 in (5, 6) else (-60, 400))) for d in range(14)]
    ragged = [night(d, int(s), int(s + l)) for d, s, l in zip(range(14), rng.integers(-150, 120, 14), rng.integers(300, 560, 14))]
    # In two parts, an hour or more awake between them; the first is the longer.
    fragmented = [part for d in range(14) for part in (night(d, -70, 200 + 5 * d), night(d, 270 + 7 * d, 430))]
    missed = [s for d, s in enumerate(ragged) if d not in (4, 9)]
    naps = ragged + [nap(d, int(s), int(s) + 45) for d, s in zip((1, 2, 5, 8, 9, 12), rng.integers(700, 1000, 6))]
    shifts = [night(d, *((-60, 420) if d // 3 % 2 == 0 else (120, 600))) for d in range(14)]
    return {
        "regular": regular,
        "later at weekends": weekends,
        "ragged": ragged,
        "fragmented": fragmented,
        "two nights missed": missed,
        "with naps": naps,
        "shifts": shifts,
    }


def regularity(sleeps, days=14):
    mains = [s for s in sleeps if not s[2]]
    # The day on which a main sleep ends, and its middle from that day's midnight; the lower median.
    middle = sorted((start + end) // 2 - (end // DAY) * DAY for start, end, _ in mains)
    first = FIRST + middle[(len(middle) - 1) // 2] - DAY // 2
    index = pd.date_range(pd.Timestamp(first * 60, unit="s"), periods=days * DAY, freq="min")
    state = pd.Series(0, index=index)
    for start, end, _ in sleeps:
        last = pd.Timestamp((end - 1) * 60, unit="s")
        state.loc[pd.Timestamp(start * 60, unit="s") : last] = 1
    recorded = [any(first + d * DAY <= (s + e) // 2 < first + (d + 1) * DAY for s, e, _ in mains) for d in range(days)]
    # The package knows no missing day: it is asked about each run of recorded days, weighted by its pairs.
    total = pairs = day = 0
    while day < days:
        run = next((d for d in range(day, days) if not recorded[d]), days) - day
        if run > 1:
            part = state.iloc[day * DAY : (day + run) * DAY].asfreq("min")
            total += (run - 1) * sri(part)
            pairs += run - 1
        day += run + 1
    return {"index": digits(total / pairs), "pairs": pairs, "days": sum(recorded)}


def loads():
    rng = np.random.default_rng(42)
    rows = []
    for gaps in (0.0, 0.0, 0.15, 0.3):
        n = int(rng.integers(60, 180))
        values = pd.Series(np.round(rng.gamma(2.0, 5.0, n) * rng.integers(0, 2, n), 1))
        values[rng.random(n) < gaps] = np.nan
        values.iloc[0], values.iloc[-1] = 12.0, 3.0
        known = values.dropna()
        seeded = pd.concat([pd.Series([known.iloc[:7].mean()]), values], ignore_index=True)
        ctl, atl = (seeded.ewm(alpha=1 / t, adjust=False, ignore_na=False).mean().iloc[-1] for t in (42, 7))
        rows.append({
            "days": [[int(d), float(v)] for d, v in known.items()],
            "ctl": digits(ctl),
            "atl": digits(atl),
        })
    return rows


def weeks():
    rng = np.random.default_rng(7)
    rows = []
    for _ in range(5):
        days = np.round(rng.gamma(3.0, 4.0, 7), 1)
        monotony = stats.tmean(days) / stats.tstd(days)
        rows.append({"days": days.tolist(), "monotony": digits(monotony), "strain": digits(monotony * days.sum())})
    return rows


def bands():
    rng = np.random.default_rng(60)
    rows = []
    for shift in (-0.3, 0.0, 0.3):
        usual = np.round(np.exp(rng.normal(4.1, 0.18, int(rng.integers(14, 61)))), 1)
        week = np.round(np.exp(rng.normal(4.1 + shift, 0.18, int(rng.integers(5, 8)))), 1)
        spread = stats.gstd(usual) ** 0.5
        rows.append({
            "week": week.tolist(),
            "usual": usual.tolist(),
            "mean": digits(stats.gmean(week)),
            "low": digits(stats.gmean(usual) / spread),
            "high": digits(stats.gmean(usual) * spread),
        })
    return rows


def debts():
    rng = np.random.default_rng(14)
    rows = []
    for n in (10, 14):
        nights, need = rng.integers(300, 540, n).astype(float), float(rng.integers(420, 500))
        rows.append({"nights": nights.tolist(), "need": need, "debt": digits(np.clip(need - nights, 0, None).sum())})
    return rows


def main():
    json.dump({
        "versions": {
            "python": sys.version.split()[0],
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "pandas": pd.__version__,
            "pyActigraphy": pyActigraphy.__version__,
        },
        "regularity": [{"pattern": name, "sleeps": s, **regularity(s)} for name, s in patterns().items()],
        "loads": loads(),
        "weeks": weeks(),
        "bands": bands(),
        "debts": debts(),
    }, sys.stdout, separators=(",", ":"))
    print()


main()
