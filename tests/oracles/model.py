"""Reference numbers for the model's statistics, from public packages and from brute force.

Run `python tests/oracles/model.py > tests/oracles/model.json` with numpy, scipy and statsmodels. The
regression comes from statsmodels' GLS with a dense covariance matrix; the mixture over phi, its
interval and the confidence are computed here from dense matrices, without looking at the crate.
"""

import json
import sys

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats

PHIS = [(i - 4) / 20 for i in range(24)]
PRIORS = {"one_look": (0.8, 0.5), "search": (0.98, 0.8)}
MONDAY = 738886


def digits(x):
    return float(f"{x:.15g}")


def student():
    rows = []
    for df in (1, 2, 3, 5, 11, 40, 57, 88, 1000):
        for t in (-40.0, -6.0, -2.1, -0.3, -0.01, 0.0, 0.05, 0.8, 1.96, 3.5, 12.0):
            law = stats.t(df)
            rows.append([df, t, digits(law.cdf(t)), digits(law.pdf(t))])
    return rows


def series(rng, index):
    n = int(rng.integers(16, 64))
    gaps = rng.choice([1, 1, 1, 1, 2, 3, 9], n)
    days = MONDAY + int(rng.integers(0, 7)) + np.cumsum(gaps)
    phi = rng.choice([-0.1, 0.2, 0.5, 0.8, 0.93])
    distance = np.abs(np.subtract.outer(days, days))
    noise = np.linalg.cholesky(float(phi) ** distance) @ rng.standard_normal(n)
    weekend = ((days - 1) % 7 >= 5) - 2 / 7
    columns = [np.ones(n)]
    values = 50 + 3 * noise + 1.5 * weekend
    if index % 2:
        step = (np.arange(n) >= n // 2).astype(float)
        columns.append(step)
        values = values + rng.normal() * 3 * step
    columns.append(weekend)
    return days, np.round(values, 3), columns


def blocks(rng, index):
    """Days with and without in turns: pairs in an order drawn by lot, washout days dropped, days missing, a trend."""
    length, pairs, washout = [(3, 7, 0), (3, 14, 1), (7, 6, 1), (7, 3, 3)][index % 4]
    arms = np.concatenate([rng.permutation([0.0, 1.0]).repeat(length) for _ in range(pairs)])
    counts = np.tile(np.arange(length) >= washout, 2 * pairs) & (rng.random(len(arms)) > 0.2)
    days = (MONDAY + int(rng.integers(0, 7)) + np.arange(len(arms)))[counts]
    treated, n = arms[counts], int(counts.sum())
    phi = rng.choice([-0.1, 0.2, 0.5, 0.8, 0.93])
    noise = np.linalg.cholesky(float(phi) ** np.abs(np.subtract.outer(days, days))) @ rng.standard_normal(n)
    weekend = ((days - 1) % 7 >= 5) - 2 / 7
    trend = (days - (days[0] + days[-1]) / 2) / (days[-1] - days[0])
    values = 50 + 3 * noise + 1.5 * weekend + rng.normal() * 6 * trend + rng.normal() * 3 * treated
    return days, np.round(values, 3), [np.ones(n), treated, weekend, trend]


def brute(days, values, columns, interest):
    x, n, p = np.column_stack(columns), len(values), len(columns)
    df = n - p
    distance = np.abs(np.subtract.outer(days, days))
    rows, logs = [], []
    for phi in PHIS:
        r = np.where(distance == 0, 1.0, np.sign(phi) ** distance * abs(phi) ** distance)
        fitted = sm.GLS(values, x, sigma=r).fit()
        inverse = np.linalg.inv(r)
        residual = values - x @ fitted.params
        rss = residual @ inverse @ residual
        logs.append(
            -0.5 * np.linalg.slogdet(r)[1]
            - 0.5 * np.linalg.slogdet(x.T @ inverse @ x)[1]
            - 0.5 * df * np.log(rss)
            + stats.norm(0.4, 0.25).logpdf(phi)
        )
        rows.append((fitted.params[interest], fitted.bse[interest], np.sqrt(rss / df), inverse.sum()))
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    estimate, error, sd, information = np.array(rows).T

    def cdf(at):
        return weight @ stats.t(df).cdf((at - estimate) / error)

    mean, spread = weight @ estimate, weight @ sd
    reach = 60 * max(error)
    interval = [optimize.brentq(lambda at: cdf(at) - q, mean - reach, mean + reach, xtol=1e-12) for q in (0.025, 0.975)]
    effects = np.arange(-80, 81) / 20
    confidence = {}
    for name, (pi0, tau) in PRIORS.items():
        # An effect beyond three standard deviations of the slab is judged as if it lay there.
        moved = estimate - (mean - np.clip(mean, -3 * tau * spread, 3 * tau * spread))
        likelihood = np.array([weight @ (stats.t(df).pdf((e * spread - moved) / error) / error) for e in effects])
        slab = stats.norm(0, tau).pdf(effects)
        mass = (1 - pi0) * slab / slab.sum() * likelihood
        claimed = effects * np.sign(mean) > 0.2 - 1e-9
        confidence[name] = digits(mass[claimed].sum() / (mass.sum() + pi0 * likelihood[80]))
    return {
        "components": [[digits(v) for v in (phi, w, b, e, s)] for phi, w, b, e, s in zip(PHIS, weight, estimate, error, sd)][::3],
        "mean": digits(mean),
        "sd": digits(spread),
        "phi_mean": digits(weight @ np.array(PHIS)),
        "n_effective": digits(min(n, weight @ information)),
        "cdf": [[digits(at), digits(cdf(at))] for at in (mean - 0.5 * spread, mean, mean + 0.1 * spread)],
        "interval": [digits(q) for q in interval],
        "confidence": confidence,
    }


def main():
    rng = np.random.default_rng(20240101)
    cases = []
    for index in range(30):
        days, values, columns = series(rng, index)
        interest = index % 2
        cases.append({
            "days": days.tolist(),
            "values": values.tolist(),
            "step_from": len(days) // 2 if interest else None,
            **brute(days, values, columns, interest),
        })
    rng = np.random.default_rng(20240102)
    turns = []
    for index in range(12):
        days, values, columns = blocks(rng, index)
        turns.append({
            "days": days.tolist(),
            "values": values.tolist(),
            "with": columns[1].astype(bool).tolist(),
            **brute(days, values, columns, 1),
        })
    versions = {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "statsmodels": statsmodels.__version__,
    }
    json.dump({"versions": versions, "student": student(), "series": cases, "blocks": turns}, sys.stdout, separators=(",", ":"))
    print()


main()
