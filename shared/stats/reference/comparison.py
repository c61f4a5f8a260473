"""Reference values for shared/stats/tests/comparison_reference.rs, from scipy and statsmodels.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    /tmp/reference/bin/python shared/stats/reference/comparison.py
"""

import math

import numpy
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.outliers_influence import variance_inflation_factor
from statsmodels.stats.proportion import confint_proportions_2indep

print(f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}")

print("shares: group successes, n, reference successes, n, level -> low, high, p (N - 1 chi-squared, or Fisher's)")
for s1, n1, s2, n2, level in [
    (56, 70, 48, 80, 0.95),
    (16, 20, 9, 20, 0.95),
    (240, 4000, 300, 3900, 0.975),
    (0, 30, 1, 400, 0.95),
    (2, 25, 0, 900, 0.95),
]:
    low, high = confint_proportions_2indep(s1, n1, s2, n2, method="newcomb", compare="diff", alpha=1 - level)
    table = [[s1, n1 - s1], [s2, n2 - s2]]
    n = n1 + n2
    chi2, _, _, expected = stats.chi2_contingency(table, correction=False)
    p = stats.chi2.sf(chi2 * (n - 1) / n, 1) if expected.min() >= 1 else stats.fisher_exact(table).pvalue
    print((s1, n1, s2, n2, level), f"{low:.6f}, {high:.6f}, {p:.6e}")


def answers(scale, counts):
    first = {"nps": 0, "ces": 1}[scale]
    scores = numpy.repeat(numpy.arange(first, first + len(counts)), counts)
    return numpy.select([scores >= 9, scores >= 7], [100.0, 0.0], -100.0) if scale == "nps" else scores.astype(float)


print("means: scale, group, reference -> low, high, p")
for scale, one, other in [
    ("nps", [2, 0, 1, 1, 0, 3, 4, 8, 9, 12, 10], [5, 2, 2, 3, 1, 6, 6, 7, 8, 6, 4]),
    ("ces", [1, 2, 2, 4, 9, 10, 7], [4, 3, 6, 5, 5, 4, 3]),
]:
    a, b = answers(scale, one), answers(scale, other)
    test = stats.ttest_ind(a, b, equal_var=False)
    interval = test.confidence_interval(0.95)
    print(scale, one, other, f"{interval.low:.6f}, {interval.high:.6f}, {test.pvalue:.6e}")

print("Holm:", multipletests([0.04, 0.01, 0.03, 0.005], method="holm")[1])


def survey(n):
    """240 answers on 1-7 by arithmetic: `late` and `crew` overlap, the phone is asked about late flights more often."""
    rows = []
    for i in range(n):
        late = i % 3 == 0
        crew = i % 5 < 2
        channel = "phone" if (i * 7 // 2) % 4 == 0 or (late and i % 2 == 0) else ("mail" if i % 7 < 2 else "chat")
        score = 4 + (-2 if late else 0) + (1 if crew else 0) + (-1 if channel == "phone" else 0)
        score += (i * i + i // 4) % 5 - 2
        rows.append((max(1, min(7, score)), late, crew, channel == "mail", channel == "phone"))
    return numpy.array(rows, dtype=float)


print("drivers: effect, low, high, p, variance inflation")
data = survey(240)
exog = sm.add_constant(data[:, 1:])
fit = sm.OLS(data[:, 0], exog).fit(cov_type="HC3", use_t=True)
for name, j in [("late", 1), ("crew", 2), ("mail", 3), ("phone", 4)]:
    low, high = fit.conf_int()[j]
    inflation = variance_inflation_factor(exog, j)
    print(name, int(exog[:, j].sum()), f"{fit.params[j]:.9f}, {low:.6f}, {high:.6f}, {fit.pvalues[j]:.6e}, {inflation:.9f}")
print("adjusted R squared", f"{fit.rsquared_adj:.9f}", "FDR", multipletests(fit.pvalues[1:], method="fdr_bh")[1])
assert math.isclose(fit.df_resid, 235)


def waits(n):
    """The same answers with a wait in whole minutes where there is one: a point less for about every second doubling."""
    waited = numpy.array([None if i % 7 == 3 else (i * i + 5 * i) % 61 for i in range(n)], dtype=object)
    known = numpy.array([wait is not None for wait in waited])
    doublings = numpy.array([math.log2(1 + wait) if wait is not None else 0.0 for wait in waited])
    score = survey(n)[:, 0] - numpy.floor(doublings / 2)
    return numpy.clip(score, 1, 7), known, doublings


print("the same with a waiting time: effect, low, high, p, variance inflation")
score, known, doublings = waits(240)
# A wait that is not known is the mean of the known ones, beside a column of its own.
column = numpy.where(known, doublings, doublings[known].mean())
exog = sm.add_constant(numpy.column_stack([data[:, 1:], column, ~known]))
fit = sm.OLS(score, exog).fit(cov_type="HC3", use_t=True)
for name, j in [("late", 1), ("crew", 2), ("mail", 3), ("phone", 4), ("waiting", 5)]:
    low, high = fit.conf_int()[j]
    inflation = variance_inflation_factor(exog, j)
    print(name, f"{fit.params[j]:.9f}, {low:.6f}, {high:.6f}, {fit.pvalues[j]:.6e}, {inflation:.9f}")
print("adjusted R squared", f"{fit.rsquared_adj:.9f}", "known", known.sum(), "doublings", f"{doublings.sum():.9f}")
