"""Sample surveys: sizes and allocation, the draw, weights, estimates and their variance, change between waves.

    sizes             one figure at a time: shares, means, change, follow-up of those who do not answer
    targets, allocation, rounding    sizes by stratum: least cost under all targets, with a certificate and prices
    rules             the classical rules: Neyman's, powers of the size
    sampling          permanent random numbers, sequential samples, rotation, realised overlap
    design            the draw as it was: strata, clusters, phases, weights
    estimates         totals, means, shares, ratios by domain, with linearised variance and covariance
    intervals         intervals of shares and means from a design
    calibration       weights that reproduce known totals, with a diagnosis where none exist
    replicates        jackknife and bootstrap weights
    change            change between two waves with units in common

docs/survey.md shows each. There is no command yet.
"""

from regso_cluster._package import attach

__getattr__, __dir__, __all__ = attach(__name__)
