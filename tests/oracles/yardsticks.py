"""Reference numbers for links and yardsticks, from public packages.

Run `python tests/oracles/yardsticks.py > tests/oracles/yardsticks.json` with numpy, scipy and pymannkendall.
Welch's degrees of freedom are rounded down here as they are in the crate; everything else is the package's own answer.
"""

import json
import sys
from importlib.metadata import version

import numpy as np
import pymannkendall
import scipy
from scipy import stats


def digits(x):
    return float(f"{x:.15g}")


def main():
    rng = np.random.default_rng(20261121)
    welch, trend, discovery, links = [], [], [], []
    for _ in range(12):
        a = np.round(rng.normal(50, 3, int(rng.integers(5, 40))), 2)
        b = np.round(rng.normal(51, 5, int(rng.integers(5, 40))), 2)
        found = stats.ttest_ind(b, a, equal_var=False)
        p = 2 * stats.t(np.floor(found.df)).sf(abs(found.statistic))
        welch.append({"before": a.tolist(), "after": b.tolist(), "p": digits(p)})
        values = np.round(np.cumsum(rng.normal(0.05, 1, int(rng.integers(12, 80)))), 6)
        trend.append({"values": values.tolist(), "p": digits(pymannkendall.original_test(values).p)})
        ps = np.round(np.concatenate([rng.uniform(0, 1, int(rng.integers(3, 40))), rng.uniform(0, 0.01, 4)]), 9)
        adjusted = stats.false_discovery_control(ps, method="bh")
        discovery.append({"p": ps.tolist(), "pass": [bool(x <= 0.1) for x in adjusted]})
        n = int(rng.integers(90, 180))
        lead, follower = rng.normal(0, 1, n), rng.normal(0, 1, n)
        lag = int(rng.integers(0, 8))
        follower[lag:] += 0.5 * lead[: n - lag]
        lead, follower = np.round(lead, 6), np.round(follower, 6)
        # Weekdays are taken out by their means, as `day modulo 7` groups them.
        weekday = np.arange(n) % 7

        def without(x):
            return x - np.array([x[weekday == day].mean() for day in weekday])

        x, y = without(lead), without(follower)
        r = stats.pearsonr(x[: n - lag], y[lag:]).statistic
        rx = stats.pearsonr(x[:-1], x[1:]).statistic
        ry = stats.pearsonr(y[:-1], y[1:]).statistic
        m = n - lag
        n_effective = min(m * (1 - rx * ry) / (1 + rx * ry), m)
        t = r * np.sqrt((n_effective - 2) / (1 - r * r))
        half = stats.norm.ppf(0.975) / np.sqrt(n_effective - 3)
        links.append({
            "lead": lead.tolist(), "follower": follower.tolist(), "lag": lag, "n": m, "r": digits(r),
            "n_effective": digits(n_effective),
            "p": digits(2 * stats.t(np.floor(n_effective - 2)).sf(abs(t))),
            "interval": [digits(np.tanh(np.arctanh(r) - half)), digits(np.tanh(np.arctanh(r) + half))],
        })
    versions = {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pymannkendall": version("pymannkendall"),
    }
    json.dump({"versions": versions, "welch": welch, "trend": trend, "discovery": discovery, "links": links},
              sys.stdout, separators=(",", ":"))
    print()


main()
