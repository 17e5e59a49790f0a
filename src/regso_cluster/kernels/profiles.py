"""One step of expectation and maximisation for classes of areas whose rates carry noise of known size."""

from __future__ import annotations

import math

from regso_cluster.kernels._jit import kernel


@kernel()
def expect_classes(x, noise, seen, share, mean, variance, chunk, log, mass, moved, squared, members, likelihood):
    """Find the class of each area in probability, and sum what the classes' new means and variances need; O(n k p).

    In class j the rate of an area is normal around mean[j] with variance[j], and what was counted is normal around
    that with the noise: given x, the rate lies at mean + part (x - mean), part = variance / (variance + noise), with
    variance (1 - part) variance.

    Parameters
    ----------
    x, noise : (n, p) IN; seen : (n, p) bool IN
    share : (k,) IN, > 0; mean, variance : (k, p) IN, > 0
    chunk : areas that one thread takes together
    log : (n_chunks, k) : work space
    mass, moved, squared : (n_chunks, k, p) OUT, to be added up: probabilities, part (x - mean), and its square
        plus (1 - part) variance, weighted by them
    members : (n_chunks, k), likelihood : (n_chunks,) OUT, to be added up

    Notes
    -----
    Bovy, Hogg and Roweis (2011), section 3, with diagonal covariances. An area with nothing seen is left out.
    """
    n, p = x.shape
    k = share.shape[0]
    for c in range(mass.shape[0]):
        likelihood[c] = 0.0
        for j in range(k):
            members[c, j] = 0.0
            for f in range(p):
                mass[c, j, f] = 0.0
                moved[c, j, f] = 0.0
                squared[c, j, f] = 0.0
        for i in range(c * chunk, min((c + 1) * chunk, n)):
            any_seen = False
            for f in range(p):
                any_seen = any_seen or seen[i, f]
            if not any_seen:
                continue
            top = -math.inf
            for j in range(k):
                total = 0.0
                product = 1.0
                for f in range(p):
                    if seen[i, f]:
                        wide = variance[j, f] + noise[i, f]
                        away = x[i, f] - mean[j, f]
                        total += away * away / wide
                        product *= wide
                    if f % 8 == 7:  # one logarithm for eight factors; more would leave the range of a float64
                        total += math.log(product)
                        product = 1.0
                total += math.log(product)
                log[c, j] = math.log(share[j]) - 0.5 * total
                top = max(top, log[c, j])
            whole = 0.0
            for j in range(k):
                whole += math.exp(log[c, j] - top)
            likelihood[c] += top + math.log(whole)
            for j in range(k):
                chance = math.exp(log[c, j] - top) / whole
                members[c, j] += chance
                if chance < 1e-12:
                    continue
                for f in range(p):
                    if seen[i, f]:
                        part = variance[j, f] / (variance[j, f] + noise[i, f])
                        step = part * (x[i, f] - mean[j, f])
                        mass[c, j, f] += chance
                        moved[c, j, f] += chance * step
                        squared[c, j, f] += chance * (step * step + (1.0 - part) * variance[j, f])
