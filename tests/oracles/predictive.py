"""Fixtures for the predictive t of one further value, from scipy 1.17.1. Run once:

    python3 tests/oracles/predictive.py > tests/oracles/predictive.json

t is a two-sample t test of the days before against a sample of one, whose pooled variance is that of the days before:
scipy.stats.ttest_ind gives both t and p without a formula of ours.
"""

import json
import random

from scipy import stats

random.seed(20261121)
cases = []
for n in (14, 15, 20, 28, 37, 45, 59, 60):
    values = [round(random.gauss(58, 3), 1) for _ in range(n)]
    following = round(random.gauss(58, 9), 1)
    found = stats.ttest_ind([following], values, equal_var=True)
    cases.append({"values": values, "next": following, "t": float(found.statistic), "p": float(found.pvalue)})
print(json.dumps(cases))
