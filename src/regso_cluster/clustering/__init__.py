"""Estimators of alike areas under scikit-learn's contract: they know rows, weights and gaps, and no method.

The estimators and functions for work on the method, importable from here (docs/estimators.md shows each):

    KMeans, KMedoids, Agglomerative                      alike areas, wherever they lie
    ContiguousAgglomerative, Skater, Redcap, MaxP        alike areas in one piece each
    NaturalBreaks                                        ordered groups along one factor
    pairwise_distances, distance_blocks, nearest_rows,   distances, with missing values
    prepare_metric, shrunk_covariance
    linkage, cut, cophenetic_correlation                 hierarchies as scipy has them
    silhouette, squared_silhouette,                      how good a partition is
    silhouette_from_distances, medoid_silhouette,
    sums_of_squares, calinski_harabasz, davies_bouldin
    adjusted_rand, adjusted_rand_to,                     how alike partitions are
    adjusted_rand_pairs, jaccard_by_group
    price_of_contiguity                                  what contiguity costs
"""

from regso_cluster._package import attach

__getattr__, __dir__, __all__ = attach(__name__)
