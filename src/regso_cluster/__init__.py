"""Classify Sweden's RegSO areas: where many problems meet, what kind of needs each has, how it changes.

The map of the house; data walk through it once, in this direction:

    method          all choices of one classification, as a TOML file
    areas           which areas there are: codes, editions, shapes
    factors         what is measured: tables read and checked, rates, scales; factors.scb fetches them
    kernels         all numba code: arrays in, arrays filled
    grouping        from scores to groups: problems, composite groups, index, tiers, clusters, profiles
    certainty       how sure we are
    years           year after year: transitions, and why a group changed
    delivery        workbooks, text tables, maps, cubes for PxWeb, databases, joins, protection, figures, the page

    ensemble        many fits, draws or runs, in threads, processes or on a cluster, with the same bytes
    pipeline        classify(): the only module that knows the order of the steps
    results         the tables that a classification hands out
    release         the result on disk: written whole, read, verified
    steps           from an earlier release to a later one, one change at a time
    borders         a crosswalk from files of outlines, an earlier release in later borders
    compare         two releases side by side: who moved, and why
    series          a folder of tables to a folder of releases, revisions
    study           one run with other choices; study_report: many, and what they say
    structure_report    what speaks for each number of groups, to a folder
    writing         files and folders written whole or not at all
    commands        the commands, gathered by cli
    example         a synthetic country on the real area codes

In Python:

    >>> from regso_cluster import classify, load_method, read_factors, write_release
    >>> method = load_method("utanforskap")
    >>> table = read_factors("factors-2024.csv", method, year=2024)  # doctest: +SKIP
    >>> release = write_release(classify(table, method, year=2024), "releases/2024")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from regso_cluster.delivery.exports import export, export_table
    from regso_cluster.delivery.join import JoinResult, join
    from regso_cluster.delivery.match_report import MatchReport
    from regso_cluster.errors import Fault, InputError
    from regso_cluster.example import synthetic_country
    from regso_cluster.factors.tables import FactorTable, read_factors
    from regso_cluster.method import Method, builtin_methods, load_method
    from regso_cluster.pipeline import classify
    from regso_cluster.release import Release, read_release, verify_release, write_release
    from regso_cluster.results import Classification

# imported when first asked for, so that `import regso_cluster` and `--help` are instant
_HOME = {
    "export": "delivery.exports",
    "export_table": "delivery.exports",
    "Fault": "errors",
    "InputError": "errors",
    "JoinResult": "delivery.join",
    "MatchReport": "delivery.match_report",
    "join": "delivery.join",
    "synthetic_country": "example",
    "FactorTable": "factors.tables",
    "read_factors": "factors.tables",
    "Method": "method",
    "builtin_methods": "method",
    "load_method": "method",
    "Classification": "results",
    "classify": "pipeline",
    "Release": "release",
    "read_release": "release",
    "verify_release": "release",
    "write_release": "release",
}
__all__ = [
    "Classification",
    "FactorTable",
    "Fault",
    "InputError",
    "JoinResult",
    "MatchReport",
    "Method",
    "Release",
    "__version__",
    "builtin_methods",
    "classify",
    "export",
    "export_table",
    "join",
    "load_method",
    "read_factors",
    "read_release",
    "synthetic_country",
    "verify_release",
    "write_release",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
