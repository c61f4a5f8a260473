"""Reference values for shared/stats/tests/difference_reference.rs, from statsmodels.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    /tmp/reference/bin/python shared/stats/reference/difference.py
"""

import numpy
import statsmodels
import statsmodels.api as sm
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.sandwich_covariance import S_hac_simple

print(f"statsmodels {statsmodels.__version__}")

ROLLOUT, END = 42, 56


def counts(group, day, opened, even):
    """Mentions and feedback of a day, as the test makes them."""
    n = 400 + 100 * group + (0 if even else day * (37 + 16 * group) % 60)
    if day < opened:
        share = 0.03
    elif day < ROLLOUT:
        share = 0.15
    else:
        share = 0.14 if group else 0.06
    return int(n * share) + (day * day * 7 + 3 * day + 11 * group) % 9, n


def pooled(group, opened, even):
    """Mantel and Haenszel's ratio of the shares after and before, by weekday."""
    tables = numpy.zeros((2, 2, 7))
    for day in range(opened, END):
        mentions, n = counts(group, day, opened, even)
        row = 0 if day >= ROLLOUT else 1
        tables[row, :, (day - ROLLOUT) % 7] += [mentions, n - mentions]
    return StratifiedTable(tables).riskratio_pooled


def regression(opened):
    """The interaction of a Poisson regression with the weekday of each group."""
    rows, mentions, offset = [], [], []
    for group in (0, 1):
        for day in range(opened, END):
            y, n = counts(group, day, opened, True)
            after = float(day >= ROLLOUT)
            own = float(group == 0)
            week = [float((day - ROLLOUT) % 7 == weekday) for weekday in range(7)]
            rows.append([one * own for one in week] + [one * (1 - own) for one in week] + [after, after * own])
            mentions.append(y)
            offset.append(numpy.log(n))
    model = sm.GLM(numpy.array(mentions), numpy.array(rows), family=sm.families.Poisson(), offset=numpy.array(offset))
    return numpy.exp(model.fit().params[-1])


for opened, even in [(31, False), (28, True), (37, False)]:
    relative = pooled(0, opened, even) / pooled(1, opened, even) - 1
    print(f"opened {opened}, even {even}: relative effect {relative:.12f}")
print(f"opened 28, even, by regression: {regression(28) - 1:.12f}")

series = numpy.array([(day * day * 7 + 3 * day) % 11 - 5.0 for day in range(40)])
for lags in (0, 1, 3, 6):
    print(f"long-run sum at {lags} lags: {S_hac_simple(series[:, None], nlags=lags)[0, 0]:.12f}")
