"""Writes intervals.csv: 95 % intervals by a second implementation, for the tests of src/domain/kpi.

Run once, with Python 3.11, scipy 1.17.1 and statsmodels 0.15.0:

    pip install scipy==1.17.1 statsmodels==0.15.0
    python test/vectors/intervals.py > test/vectors/intervals.csv

wilson   statsmodels.stats.proportion.proportion_confint(k, n, alpha=0.05, method="wilson");
         the lower bound of 0 in n is 0, where that function may leave 3e-17 of rounding
poisson  scipy.special.gammaincinv(k, 0.025) and gammaincinv(k + 1, 0.975): Garwood's limits
median   the largest r with 1 - 2 scipy.stats.binom.cdf(r - 1, n, 0.5) >= 0.95, and n + 1 - r
"""

import random

from scipy.special import gammaincinv
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

LARGEST = 2**53 - 1
random.seed(20261130)


def log_uniform(limit):
    return min(limit, int(10 ** random.uniform(0, len(str(limit)))))


def proportions():
    for n in [1, 2, 3, 5, 8, 10, 20, 50, 100, 999, 1_000, 10_000, 10**6, 10**9, 10**12, LARGEST]:
        for k in [0, 1, 2, n // 100, n // 10, n // 3, n // 2, n - n // 10, n - 2, n - 1, n]:
            if 0 <= k <= n:
                yield k, n
    for _ in range(700):
        n = log_uniform(10**9)
        yield random.randint(0, n), n
    for _ in range(250):
        n = log_uniform(10**9)
        rare = min(n, log_uniform(30))
        yield rare, n
        yield n - rare, n


def counts():
    yield from range(0, 401)
    for edge in [500, 1_000, 5_000, 10_000, 20_000, 50_000]:
        yield from range(edge - 3, edge + 4)
    for exponent in range(5, 16):
        yield from [10**exponent - 1, 10**exponent, 10**exponent + 1, 3 * 10**exponent]
    yield from [LARGEST - 1, LARGEST]
    for _ in range(500):
        yield log_uniform(10**9)


def number(value):
    return repr(float(value))


print("kind,count,of,low,high")
for k, n in sorted(set(proportions()), key=lambda pair: (pair[1], pair[0])):
    low, high = proportion_confint(k, n, alpha=0.05, method="wilson")
    print(f"wilson,{k},{n},{number(low if k > 0 else 0)},{number(high)}")
for k in sorted({count for count in counts() if count <= LARGEST}):
    low = 0 if k == 0 else gammaincinv(k, 0.025)
    print(f"poisson,{k},,{number(low)},{number(gammaincinv(k + 1, 0.975))}")
for n in range(8, 201):
    r = max(rank for rank in range(1, n) if 1 - 2 * binom.cdf(rank - 1, n, 0.5) >= 0.95)
    print(f"median,,{n},{r},{n + 1 - r}")
