"""Reference values for shared/stats/tests/worth_reference.rs, from scipy.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install scipy==1.17.1
    /tmp/reference/bin/python shared/stats/reference/worth.py

Nothing is drawn here: the distribution function of a product is integrated by Gauss-Legendre quadrature and inverted.
"""

import numpy
import scipy
from scipy import optimize, stats

print(f"scipy {scipy.__version__}")

NODES, WEIGHTS = numpy.polynomial.legendre.leggauss(48)


def triangle(low, likely, high):
    """Places and weights for expectations over a triangular distribution; each straight side is integrated alone."""
    density = stats.triang((likely - low) / (high - low), loc=low, scale=high - low).pdf
    places, weights = [], []
    for start, end in [(low, likely), (likely, high)]:
        if end > start:
            x = (end - start) / 2 * NODES + (end + start) / 2
            places.append(x)
            weights.append(WEIGHTS * (end - start) / 2 * density(x))
    return numpy.concatenate(places), numpy.concatenate(weights)


def quantile(mean, deviation, factor, weights, part):
    """Of contacts times factor, the contacts normal and the factor on a grid and positive."""
    below = lambda t: float(numpy.sum(weights * stats.norm.cdf((t / factor - mean) / deviation))) - part
    reach = (abs(mean) + 9 * deviation) * factor.max()
    return optimize.brentq(below, -reach, reach, xtol=1e-9)


def benefit(mean, deviation, persons, uplift, value, cost):
    u, wu = triangle(*uplift)
    v, wv = triangle(*value)
    c, wc = triangle(*cost)
    kept, weight_kept = numpy.outer(u, v).ravel() * persons, numpy.outer(wu, wv).ravel()
    both = (kept[:, None] + c[None, :]).ravel()
    weight_both = (weight_kept[:, None] * wc[None, :]).ravel()
    for name, factor, weights in [
        ("retention", kept, weight_kept),
        ("contacts", c, wc),
        ("total", both, weight_both),
    ]:
        low, high = (quantile(mean, deviation, factor, weights, part) for part in (0.025, 0.975))
        print(f"{name}: {low:.2f} {high:.2f}")


Z = stats.norm.ppf(0.975)
print("sure of the effect")
benefit(5000, 1000 / Z, 0.8, (0.005, 0.02, 0.04), (200, 400, 900), (4, 6, 11))
print("unsure of the effect")
benefit(400, 1200 / Z, 0.5, (0.0, 0.01, 0.05), (100, 100, 600), (5, 8, 8))
