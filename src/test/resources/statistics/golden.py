"""Golden values of SciPy and NumPy for the tests of org.segmeter.analytics.statistics; see MANIFEST.md."""
import json
import warnings

import numpy as np
from scipy import stats

warnings.simplefilter("ignore")
rng = np.random.default_rng(20261128)


def sample(kind, n):
    if kind == "beta":
        return rng.beta(9, 1.2, n)
    if kind == "skewed":
        return rng.lognormal(0.5, 0.8, n)
    if kind == "ties":
        return np.round(rng.normal(0.2, 1.0, n), 1)
    return rng.normal(0.01, 0.05, n)


def wilcoxon():
    cases = []
    for n, kind in [(5, "normal"), (9, "normal"), (17, "normal"), (25, "normal"), (40, "skewed"), (50, "normal")]:
        d = sample(kind, n) - (1.5 if kind == "skewed" else 0)
        for alternative in ("two-sided", "greater", "less"):
            r = stats.wilcoxon(d, alternative=alternative, mode="exact")
            cases.append(dict(differences=list(d), way="exact", alternative=alternative, correction=True, p=r.pvalue))
    for n, kind in [(30, "ties"), (60, "ties"), (120, "normal"), (200, "ties")]:
        d = sample(kind, n)
        if kind == "ties":
            d[:4] = 0.0
        for alternative in ("two-sided", "greater", "less"):
            for correction in (True, False):
                r = stats.wilcoxon(d, zero_method="pratt", alternative=alternative, correction=correction, mode="approx")
                cases.append(dict(differences=list(d), way="normal", alternative=alternative, correction=correction, p=r.pvalue))
    return cases


def bca():
    cases = []
    for kind, n in [("beta", 20), ("skewed", 35), ("normal", 80)]:
        x = sample(kind, n)
        for level in (0.95, 0.9):
            r = stats.bootstrap((x,), np.mean, confidence_level=level, n_resamples=499, method="BCa", random_state=7)
            cases.append(dict(values=list(x), level=level, replicates=sorted(r.bootstrap_distribution.tolist()),
                              lower=r.confidence_interval.low, upper=r.confidence_interval.high))
    return cases


def summaries():
    cases = []
    for kind, n in [("beta", 1), ("beta", 2), ("ties", 13), ("skewed", 100)]:
        x = sample(kind, n)
        cases.append(dict(values=list(x), mean=float(np.mean(x)), sd=float(np.std(x, ddof=1)) if n > 1 else None,
                          quantiles={str(q): float(np.quantile(x, q)) for q in (0, 0.05, 0.25, 0.5, 0.77, 0.95, 1)}))
    return cases


def student():
    cases = []
    for kind, n in [("beta", 5), ("skewed", 8), ("normal", 19)]:
        x = sample(kind, n)
        low, high = stats.t.interval(0.95, n - 1, loc=np.mean(x), scale=stats.sem(x))
        margin = 0.03
        t = stats.ttest_1samp(x, -margin, alternative="greater")
        cases.append(dict(values=list(x), lower=low, upper=high, margin=margin, p=float(t.pvalue)))
    return cases


def kendall():
    cases = []
    for n, step in [(4, 1), (8, 1), (30, 3), (30, 1)]:
        a = rng.integers(0, n // step + 1, n)
        b = np.where(rng.random(n) < 0.5, a, rng.integers(0, n // step + 1, n))
        cases.append(dict(a=[float(v) for v in a], b=[float(v) for v in b], tau=float(stats.kendalltau(a, b, variant="b")[0])))
    return cases


def power():
    z = stats.norm.ppf
    return [dict(sd=sd, n=n, mdd=float((z(0.975) + z(0.8)) * sd / np.sqrt(n)))
            for sd, n in [(0.05, 50), (0.03, 139), (0.2, 12)]]


def ranks():
    return [dict(values=[float(v) for v in x], min=[float(r) for r in stats.rankdata(x, method="min")])
            for x in (rng.integers(0, 5, 9), rng.normal(0, 1, 6))]


def bca_of_many():
    def kumaraswamy(u):
        return (1 - (1 - u) ** (1 / 1.5)) ** (1 / 7)

    missed = np.concatenate([np.zeros(90), 0.9 + 0.05 * kumaraswamy((np.arange(90, 900) - 89.5) / 810)])
    cases = []
    for kind, x, step in [("SKEWED", kumaraswamy((np.arange(600) + 0.5) / 600), 0), ("A_TENTH_MISSED", missed, 0),
                          ("RARE_EVENTS", (np.arange(2000) < 5).astype(float), 1 / 2000)]:
        r = stats.bootstrap((x,), np.mean, n_resamples=50_000, batch=500, method="BCa", random_state=7)
        cases.append(dict(kind=kind, n=len(x), sum=float(np.sum(x)), step=step, lower=r.confidence_interval.low,
                          upper=r.confidence_interval.high))
    return cases


print(json.dumps({**dict(scipy=__import__("scipy").__version__, numpy=np.__version__, wilcoxon=wilcoxon(), bca=bca(),
                      summaries=summaries(), student=student(), kendall=kendall(), power=power(), ranks=ranks()), "bca-of-many": bca_of_many()}))
