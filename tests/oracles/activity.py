"""Reference numbers for what an activity's record says, from numpy and scipy.

Run `python tests/oracles/activity.py > tests/oracles/activity.json` after `pip install numpy scipy`. Everything is reckoned
another way than the product does: windows by scipy's median absolute deviation, slopes by `numpy.polyval`, best efforts by
trying every sample as a beginning and as an end with `numpy.interp`, zones by `numpy.digitize`.
"""

import json
import sys

import numpy as np
import scipy
from scipy import stats

DISTANCES = [400, 800, 1000, 1500, 1609.344, 3000, 5000, 10000]
HALF, LIMIT = 7, 3
REST, HIGHEST = 48.0, 185.0


def digits(x):
    return float(f"{x:.15g}")


def outliers(values):
    found = []
    for at in range(len(values)):
        window = values[max(0, at - HALF) : at + HALF + 1]
        spread = 1.4826 * stats.median_abs_deviation(window)
        found.append(bool(spread > 0 and abs(values[at] - np.median(window)) > LIMIT * spread))
    return found


def slopes():
    run, walk = [155.4, -30.4, -43.3, 46.3, 19.5, 3.6], [280.5, -58.7, -76.8, 51.9, 19.6, 2.5]
    grid = np.round(np.linspace(-0.6, 0.6, 25), 3)
    held = np.clip(grid, -0.45, 0.45)
    return [[g, digits(np.polyval(run, h)), digits(np.polyval(walk, h))] for g, h in zip(grid.tolist(), held)]


def activity(rng, seconds, pause, gap):
    """A run at a sample a second, with a pause without samples and a stretch without a heart rate."""
    speed = np.clip(3.0 + 0.4 * np.sin(np.arange(seconds) / 300) + rng.normal(0, 0.3, seconds), 1.0, 5.5)
    distance = np.round(np.cumsum(speed), 2)
    heart = np.clip(np.round(110 + 45 * (1 - np.exp(-np.arange(seconds) / 240)) + 0.004 * np.arange(seconds)
                             + rng.normal(0, 2, seconds)), 60, 200)
    time = np.arange(seconds, dtype=float)
    time[pause:] += 180
    heart[gap : gap + 90] = np.nan
    step = np.diff(time, prepend=time[0])
    recorded = (step > 0) & (step <= 10)
    beating = recorded & ~np.isnan(heart)
    share = np.clip((heart[beating] - REST) / (HIGHEST - REST), 0, 1)
    minutes = step[beating] / 60
    borders = REST + np.array([0.5, 0.6, 0.7, 0.8, 0.9]) * (HIGHEST - REST)
    zone = np.digitize(heart[beating], borders)
    efforts = []
    for metres in DISTANCES:
        if distance[-1] - distance[0] < metres:
            continue
        begins = distance <= distance[-1] - metres
        ends = distance >= distance[0] + metres
        forward = np.interp(distance[begins] + metres, distance, time) - time[begins]
        backward = time[ends] - np.interp(distance[ends] - metres, distance, time)
        efforts.append([metres, digits(min(forward.min(), backward.min()))])
    total = distance[-1] - distance[0]
    borders_m = np.append(np.arange(0, total, 1000), total) if total % 1000 > 100 else np.arange(0, total, 1000)
    splits = np.diff(np.interp(borders_m + distance[0], distance, time))
    looked = beating & (time - step >= 600) & (time <= time[-1] - 300)
    gone, moved = np.cumsum(step[looked]), np.diff(distance, prepend=distance[0])[looked]
    second = gone - step[looked] / 2 > gone[-1] / 2
    per_beat = [moved[half].sum() / (heart[looked] * step[looked])[half].sum() for half in (~second, second)]
    means = [np.average(heart[looked][half], weights=step[looked][half]) for half in (~second, second)]
    return {
        "time": time.tolist(),
        "distance": distance.tolist(),
        "heart": [None if np.isnan(x) else x for x in heart],
        "trimp": [digits((minutes * share * a * np.exp(b * share)).sum()) for a, b in ((0.64, 1.92), (0.86, 1.67))],
        "zones": [digits(step[beating][zone == z].sum()) for z in range(6)],
        "unknown": digits(step[recorded & np.isnan(heart)].sum()),
        "efforts": efforts,
        "splits": [digits(x) for x in splits],
        "drift": digits(means[1] - means[0]),
        "decoupling": digits((per_beat[0] - per_beat[1]) / per_beat[0] * 100),
    }


def main():
    rng = np.random.default_rng(20261122)
    series = []
    for _ in range(8):
        values = np.round(rng.normal(300, 12, int(rng.integers(1, 120))), int(rng.integers(0, 3)))
        spikes = rng.integers(0, len(values), max(1, len(values) // 12))
        values[spikes] *= rng.uniform(0.3, 3.0, len(spikes))
        values = np.round(values, 3)
        series.append({"values": values.tolist(), "outliers": outliers(values)})
    activities = [activity(rng, 2400, 900, 1500), activity(rng, 3000, 2000, 700)]
    versions = {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__}
    json.dump({"versions": versions, "hampel": series, "minetti": slopes(), "activities": activities}, sys.stdout,
              separators=(",", ":"))
    print()


main()
