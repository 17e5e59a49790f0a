"""Components of rates that carry noise of known size, and classes of areas over the components of all factors.

Both are expectation and maximisation from a start that is given, once a resample of the areas: the resamples are
handed out to the threads, and inside one all sums run in the order of the areas.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel


class Components(NamedTuple):
    """Components of each factor in each resample, (r, p, k) each; a component of share 0 is none."""

    share: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


class Classes(NamedTuple):
    """Classes of areas in each resample: share (r, c), and weight (r, c, p, k) of each component."""

    share: NDArray[np.float64]
    weight: NDArray[np.float64]


class ClassWork(NamedTuple):
    """Work space of `find_classes`: chance (r, c), mixed (r, c, p), members (r, c), found (r, c, p, k)."""

    chance: NDArray[np.float64]
    mixed: NDArray[np.float64]
    members: NDArray[np.float64]
    found: NDArray[np.float64]


@kernel(parallel=True, error_model="numpy")
def find_components(x, noise, seen, times, typical, pull, steps, gain, components, work):
    """Find what each factor's rates are made of: normal components, the noise of each count known; O(steps r n p k).

    In component j the rate of an area is normal around mean[j] with variance[j], and what was counted is normal around
    that with the noise: given x, the rate lies at mean + part (x - mean), part = variance / (variance + noise), with
    variance (1 - part) variance. Where noise is wide, components would cut it up and come out too narrow, so each
    variance is pulled towards the common one, the more the less its areas say beside their noise: of a variance v
    under noise s an area says (v / (v + s))^2 times what it would say without noise.

    Parameters
    ----------
    x, noise : (n, p) IN; seen : (n, p) bool IN
    times : (r, n) IN: how often each resample has each area
    typical : (p,) IN: usual noise; pull : areas that the common variance counts for
    steps, gain : stop after so many steps, or when the log likelihood per area rises by less
    components : Components INOUT: start and result
    work : (r, p, 4, k) : work space

    Notes
    -----
    Bovy, Hogg and Roweis (2011), section 3; the pull is an inverse-gamma prior, Fraley and Raftery (2007), section 3.
    """
    share = components.share
    mean = components.mean
    variance = components.variance
    n, p = x.shape
    k = share.shape[2]
    for job in numba.prange(times.shape[0] * p):
        r = job // p
        f = job % p
        density, mass, moved, squared = work[r, f, 0], work[r, f, 1], work[r, f, 2], work[r, f, 3]
        before = -math.inf
        for _ in range(steps):
            for j in range(k):
                mass[j] = 0.0
                moved[j] = 0.0
                squared[j] = 0.0
            likelihood = 0.0
            areas = 0.0
            for i in range(n):
                if not seen[i, f] or times[r, i] == 0.0:
                    continue
                nearest = math.inf
                for j in range(k):
                    if share[r, f, j] > 0.0:
                        away = x[i, f] - mean[r, f, j]
                        nearest = min(nearest, away * away / (variance[r, f, j] + noise[i, f]))
                whole = 0.0
                for j in range(k):
                    density[j] = 0.0
                    if share[r, f, j] > 0.0:
                        away = x[i, f] - mean[r, f, j]
                        wide = variance[r, f, j] + noise[i, f]
                        density[j] = share[r, f, j] * math.exp(0.5 * (nearest - away * away / wide)) / math.sqrt(wide)
                    whole += density[j]
                likelihood += times[r, i] * (math.log(whole) - 0.5 * nearest)
                areas += times[r, i]
                for j in range(k):
                    chance = times[r, i] * density[j] / whole
                    part = variance[r, f, j] / (variance[r, f, j] + noise[i, f])
                    step = part * (x[i, f] - mean[r, f, j])
                    mass[j] += chance
                    moved[j] += chance * step
                    squared[j] += chance * (step * step + (1.0 - part) * variance[r, f, j])
            if areas == 0.0 or likelihood / areas - before < gain:
                break
            before = likelihood / areas
            within = 0.0
            for j in range(k):
                step = moved[j] / (mass[j] + 1e-9)
                mean[r, f, j] += step
                variance[r, f, j] = max(squared[j] / (mass[j] + 1e-9) - step * step, 1e-10)
                within += mass[j] * variance[r, f, j]
                share[r, f, j] = max(mass[j] / areas, 1e-9) if share[r, f, j] > 0.0 else 0.0
            common = within / areas
            says = (common / (common + typical[f])) ** 2
            for j in range(k):
                worth = says * mass[j]
                variance[r, f, j] = (pull * common + worth * variance[r, f, j]) / (pull + worth)


@kernel(parallel=True, error_model="numpy")
def find_classes(density, seen, times, marginal, pull, steps, gain, classes, space):
    """Find classes of areas, within which the components of the factors are independent; O(steps r n p k classes).

    The likelihood of class c for an area is the product over factors of sum over components j of weight[c, f, j]
    density[f, j].

    Parameters
    ----------
    density : (r, n, p, k) IN: of what was counted, in each component; up to a constant of area and factor
    seen : (n, p) bool IN; times : (r, n) IN: how often each resample has each area
    marginal : (r, p, k) IN: share of each component in all areas
    pull : areas that the marginal counts for in the weights of each class
    steps, gain : stop after so many steps, or when the log likelihood per area rises by less
    classes : Classes INOUT: start and result
    space : ClassWork

    Notes
    -----
    Latent classes: Dunson and Xing (2009), section 2, here by maximum likelihood with a Dirichlet prior.
    """
    share = classes.share
    weight = classes.weight
    chance = space.chance
    mixed = space.mixed
    members = space.members
    found = space.found
    n, p = seen.shape
    n_classes, k = share.shape[1], density.shape[3]
    for r in numba.prange(times.shape[0]):
        before = -math.inf
        for _ in range(steps):
            likelihood = 0.0
            areas = 0.0
            for c in range(n_classes):
                members[r, c] = 0.0
                for f in range(p):
                    for j in range(k):
                        found[r, c, f, j] = 0.0
            for i in range(n):
                if times[r, i] == 0.0:
                    continue
                top = -math.inf
                counted = False
                for c in range(n_classes):
                    log = math.log(share[r, c])
                    product = 1.0
                    for f in range(p):
                        if seen[i, f]:
                            counted = True
                            total = 0.0
                            for j in range(k):
                                total += weight[r, c, f, j] * density[r, i, f, j]
                            mixed[r, c, f] = total
                            product *= total
                        if f % 8 == 7:  # one logarithm for eight factors; more would leave the range of a float64
                            log += math.log(product)
                            product = 1.0
                    chance[r, c] = log + math.log(product)
                    top = max(top, chance[r, c])
                if not counted:
                    continue
                whole = 0.0
                for c in range(n_classes):
                    chance[r, c] = math.exp(chance[r, c] - top)
                    whole += chance[r, c]
                likelihood += times[r, i] * (top + math.log(whole))
                areas += times[r, i]
                for c in range(n_classes):
                    member = times[r, i] * chance[r, c] / whole
                    members[r, c] += member
                    if member < 1e-4:
                        continue
                    for f in range(p):
                        if seen[i, f]:
                            for j in range(k):
                                found[r, c, f, j] += member * density[r, i, f, j] / mixed[r, c, f]
            if areas == 0.0 or likelihood / areas - before < gain:
                break
            before = likelihood / areas
            for c in range(n_classes):
                share[r, c] = max(members[r, c] / areas, 1e-9)
                for f in range(p):
                    total = 0.0
                    for j in range(k):
                        found[r, c, f, j] *= weight[r, c, f, j]
                        total += found[r, c, f, j]
                    for j in range(k):
                        weight[r, c, f, j] = (found[r, c, f, j] + pull * marginal[r, f, j]) / (total + pull)
