"""Reference values for shared/stats/tests/pilot_reference.rs, from scipy and statsmodels.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    /tmp/reference/bin/python shared/stats/reference/pilot.py
"""

import math

import scipy
import statsmodels
import numpy as np
from scipy import optimize, stats
from statsmodels.api import OLS
from statsmodels.stats.power import TTestIndPower, normal_sample_size_one_tail
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

print(f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}")


def proportions(baseline, smallest, planned, power, alpha, share, lower):
    """Customers in both arms: the test of `smallest` at the truth `planned`, and of `smallest` at no effect."""
    sign = -1.0 if lower else 1.0

    def total(truth, distance):
        then = baseline + sign * truth
        deviation = math.sqrt(then * (1 - then) / share + baseline * (1 - baseline) / (1 - share))
        return normal_sample_size_one_tail(distance, power, alpha / 2, deviation, deviation)

    sizes = [total(planned, planned - smallest)]
    if smallest > 0:
        sizes.append(total(0.0, smallest))
    return max(sizes)


print("proportions: baseline, smallest, planned, power, alpha, treated share, lower is better -> both arms")
for case in [
    (0.15, 0.0, 0.045, 0.8, 0.05, 0.5, True),
    (0.15, 0.0, 0.045, 0.9, 0.05, 0.2, True),
    (0.6, 0.02, 0.06, 0.8, 0.05, 0.5, False),
    (0.05, 0.01, 0.02, 0.8, 0.10, 0.3, True),
]:
    print(case, f"{proportions(*case):.2f}")

print("means: planned, deviation, power, alpha, treated share -> control, treated")
for planned, deviation, power, alpha, share in [
    (0.3, 1.2, 0.8, 0.05, 0.5),
    (0.5, 1.0, 0.9, 0.05, 0.5),
    (0.2, 1.5, 0.8, 0.10, 0.25),
]:
    ratio = share / (1 - share)
    control = TTestIndPower().solve_power(planned / deviation, None, alpha, power, ratio)
    print((planned, deviation, power, alpha, share), f"{control:.2f}, {control * ratio:.2f}")


def spending(fraction, alpha):
    return 2 * stats.norm.sf(stats.norm.ppf(1 - alpha / 4) / math.sqrt(fraction))


def stays_below(fractions, criticals, drift=0.0):
    """The probability that no look crosses, by integration of the multivariate normal distribution."""
    if not fractions:
        return 1.0
    mean = [drift * math.sqrt(t) for t in fractions]
    covariance = [[math.sqrt(min(s, t) / max(s, t)) for s in fractions] for t in fractions]
    if len(fractions) == 1:
        return stats.norm.cdf(criticals[0] - mean[0])
    normal = stats.multivariate_normal(mean, covariance, abseps=1e-7, releps=1e-7, maxpts=1_000_000, seed=1)
    return normal.cdf(criticals)


def boundaries(fractions, alpha):
    criticals = []
    for k, fraction in enumerate(fractions):
        target = spending(fraction, alpha)
        known = list(criticals)
        crossed = lambda c: 1 - stays_below(fractions[: k + 1], known + [c]) - target
        criticals.append(optimize.brentq(crossed, 1.0, 8.5, xtol=1e-5))
    return criticals


print("looks at these fractions, alpha -> critical values; inflation at power 0.8 and 0.9")
for fractions, alpha in [([0.5, 1.0], 0.05), ([0.3, 0.7, 1.0], 0.05), ([0.25, 0.5, 0.75, 1.0], 0.10)]:
    criticals = boundaries(fractions, alpha)
    inflations = []
    for power in [0.8, 0.9]:
        single = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
        missed = lambda d: stays_below(fractions, criticals, d) - (1 - power)
        inflations.append((optimize.brentq(missed, 1.0, 8.0, xtol=1e-6) / single) ** 2)
    print(fractions, alpha, [f"{c:.4f}" for c in criticals], [f"{i:.4f}" for i in inflations])

print("Newcombe: treated successes, n, control successes, n, alpha -> low, high")
for s1, n1, s2, n2, alpha in [(56, 70, 48, 80, 0.05), (9, 10, 3, 10, 0.05), (0, 29, 5, 56, 0.05), (120, 2000, 181, 1900, 0.01)]:
    low, high = confint_proportions_2indep(s1, n1, s2, n2, method="newcomb", compare="diff", alpha=alpha)
    print((s1, n1, s2, n2, alpha), f"{low:.6f}, {high:.6f}")

print("Welch: n, mean, deviation of treated and control, alpha -> low, high")
for (n1, m1, d1), (n2, m2, d2), alpha in [
    ((40, 4.1, 1.1), (35, 3.8, 1.4), 0.05),
    ((12, 5.2, 0.4), (9, 4.6, 1.9), 0.05),
    ((800, 61.0, 12.0), (1900, 59.5, 14.5), 0.01),
]:
    variance = d1**2 / n1 + d2**2 / n2
    freedom = variance**2 / ((d1**2 / n1) ** 2 / (n1 - 1) + (d2**2 / n2) ** 2 / (n2 - 1))
    half = stats.t.ppf(1 - alpha / 2, freedom) * math.sqrt(variance)
    t, p = stats.ttest_ind_from_stats(m1, d1, n1, m2, d2, n2, equal_var=False)
    assert abs(p - 2 * stats.t.sf(abs(t), freedom)) < 1e-9
    print((n1, m1, d1), (n2, m2, d2), alpha, f"{m1 - m2 - half:.6f}, {m1 - m2 + half:.6f}")

print("sample ratio: control, treated, treated share -> p")
for control, treated, share in [(25_500, 24_500, 0.5), (8_200, 1_800, 0.2), (2_010, 1_990, 0.5)]:
    n = control + treated
    p = stats.chisquare([control, treated], [n * (1 - share), n * share]).pvalue
    print((control, treated, share), f"{p:.6e}")


def weighted_shares(strata, alpha):
    """Limits recovered from Wilson's (Zou, Huang, Zhang 2009); strata of assigned, successes and n of treated and control."""
    everybody = sum(assigned for assigned, *_ in strata)
    effect = below = above = 0.0
    for assigned, s1, n1, s2, n2 in strata:
        weight, p1, p2 = assigned / everybody, s1 / n1, s2 / n2
        (l1, u1), (l2, u2) = (proportion_confint(s, n, alpha, method="wilson") for s, n in [(s1, n1), (s2, n2)])
        effect += weight * (p1 - p2)
        below += weight**2 * ((p1 - l1) ** 2 + (u2 - p2) ** 2)
        above += weight**2 * ((u1 - p1) ** 2 + (p2 - l2) ** 2)
    return effect, effect - math.sqrt(below), effect + math.sqrt(above)


SHARES = [
    ([(4000, 50, 500, 100, 500), (1500, 30, 90, 60, 120), (700, 4, 40, 9, 55)], 0.05),
    ([(900, 56, 70, 48, 80), (2100, 41, 200, 30, 260)], 0.01),
]
print("post-stratified shares: (assigned, treated successes, n, control successes, n), alpha -> effect, low, high")
for strata, alpha in SHARES:
    print(strata, alpha, ", ".join(f"{value:.6f}" for value in weighted_shares(strata, alpha)))
# One stratum is Newcombe's interval.
one = weighted_shares([(1, 56, 70, 48, 80)], 0.05)[1:]
newcombe = confint_proportions_2indep(56, 70, 48, 80, method="newcomb", compare="diff", alpha=0.05)
assert max(abs(a - b) for a, b in zip(one, newcombe)) < 1e-9

print("post-stratified means: (assigned, treated n, mean, deviation, control n, mean, deviation), alpha -> effect, low, high")
random = np.random.default_rng(7)
for assigned, sizes, alpha in [([600, 300, 100], [(30, 45), (25, 28), (21, 24)], 0.05), ([80, 240], [(22, 20), (40, 31)], 0.10)]:
    # Least squares on an indicator for each arm of each stratum, with the HC2 covariance: the variances of the cells' means.
    weights = [size / sum(assigned) for size in assigned]
    outcomes, cells, contrast = [], [], []
    for stratum, (treated, control) in enumerate(sizes):
        for arm, n in [(1, treated), (0, control)]:
            outcomes.append(random.normal(3 + stratum + 0.4 * arm * stratum, 1 + stratum, n))
            cells += [len(contrast)] * n
            contrast.append(weights[stratum] * (1 if arm else -1))
    fitted = OLS(np.concatenate(outcomes), np.eye(len(contrast))[cells]).fit(cov_type="HC2", use_t=True)
    found = fitted.t_test(np.array(contrast))
    effect, error = found.effect.item(), found.sd.item()
    parts = [(c * c * np.var(o, ddof=1) / len(o), len(o) - 1) for c, o in zip(contrast, outcomes)]
    assert abs(sum(part for part, _ in parts) - error**2) < 1e-9
    freedom = error**4 / sum(part**2 / own for part, own in parts)
    half = stats.t.ppf(1 - alpha / 2, freedom) * error
    for size, one, other in zip(assigned, outcomes[::2], outcomes[1::2]):
        print((size, *((len(o), round(o.mean(), 9), round(o.std(ddof=1), 9)) for o in (one, other))))
    print(alpha, f"{effect:.6f}, {effect - half:.6f}, {effect + half:.6f}")
