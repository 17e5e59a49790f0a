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

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regso_cluster.clustering.agreement import (
        adjusted_rand,
        adjusted_rand_pairs,
        adjusted_rand_to,
        jaccard_by_group,
    )
    from regso_cluster.clustering.clusters import KMeans
    from regso_cluster.clustering.distances import (
        distance_blocks,
        nearest_rows,
        pairwise_distances,
        prepare_metric,
        shrunk_covariance,
    )
    from regso_cluster.clustering.hierarchies import Agglomerative, cophenetic_correlation, cut, linkage
    from regso_cluster.clustering.medoids import KMedoids
    from regso_cluster.clustering.natural_breaks import NaturalBreaks
    from regso_cluster.clustering.regions import ContiguousAgglomerative, MaxP, Redcap, Skater, price_of_contiguity
    from regso_cluster.clustering.validity import (
        calinski_harabasz,
        davies_bouldin,
        medoid_silhouette,
        silhouette,
        silhouette_from_distances,
        squared_silhouette,
        sums_of_squares,
    )

# imported when first asked for: the commands need few of them
_HOME = {
    "Agglomerative": "hierarchies",
    "ContiguousAgglomerative": "regions",
    "KMeans": "clusters",
    "KMedoids": "medoids",
    "MaxP": "regions",
    "NaturalBreaks": "natural_breaks",
    "Redcap": "regions",
    "Skater": "regions",
    "adjusted_rand": "agreement",
    "adjusted_rand_pairs": "agreement",
    "adjusted_rand_to": "agreement",
    "calinski_harabasz": "validity",
    "cophenetic_correlation": "hierarchies",
    "cut": "hierarchies",
    "davies_bouldin": "validity",
    "distance_blocks": "distances",
    "jaccard_by_group": "agreement",
    "linkage": "hierarchies",
    "medoid_silhouette": "validity",
    "nearest_rows": "distances",
    "pairwise_distances": "distances",
    "prepare_metric": "distances",
    "price_of_contiguity": "regions",
    "shrunk_covariance": "distances",
    "silhouette": "validity",
    "silhouette_from_distances": "validity",
    "squared_silhouette": "validity",
    "sums_of_squares": "validity",
}
__all__ = [
    "Agglomerative",
    "ContiguousAgglomerative",
    "KMeans",
    "KMedoids",
    "MaxP",
    "NaturalBreaks",
    "Redcap",
    "Skater",
    "adjusted_rand",
    "adjusted_rand_pairs",
    "adjusted_rand_to",
    "calinski_harabasz",
    "cophenetic_correlation",
    "cut",
    "davies_bouldin",
    "distance_blocks",
    "jaccard_by_group",
    "linkage",
    "medoid_silhouette",
    "nearest_rows",
    "pairwise_distances",
    "prepare_metric",
    "price_of_contiguity",
    "shrunk_covariance",
    "silhouette",
    "silhouette_from_distances",
    "squared_silhouette",
    "sums_of_squares",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
