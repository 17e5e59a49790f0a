"""Classify Sweden's RegSO areas: where many problems meet, what kind of needs each has, how it changes.

The map of the house, the ground floor first; a room knows only rooms above it in this list, and data walk down it:

    errors, _version    one error: what is wrong, where, expected, got, how to repair it
    kernels             all numba code: arrays in, arrays filled
    parallel            many fits, draws or runs, in threads, processes or on a cluster, with the same bytes
    method              all choices of one classification, as a TOML file
    words               columns, notes and texts in Swedish and English
    files               bounded readers, cells as numbers; files and folders written whole or not at all
    clustering          estimators under scikit-learn's contract; they know no method
    areas               which areas there are: codes, editions, shapes, crosswalks
    factors             what is measured: tables checked, registers counted, rates, scales, shrinkage
    maps                outlines with styles
    judging             problems, composite groups, tiers, the typology and its lineage, plausibility
    certainty           how sure each label is
    classification      classify(): the only module that knows the order of the steps
    release             a classification on disk: written whole, read, verified, frozen
    years               another year, other borders: who moved, and why
    exports             a release as workbook, cube, package, database
    joining             groups joined to an agency's table
    statistics          an agency's figures by group, and their protection
    figures, terminal, page    what a reader looks at
    studies             many runs: series of years, sensitivity, numbers of groups
    sources             the only room that knows a network
    example             a synthetic country on the real area codes
    commands, cli       the command line

In Python:

    >>> from regso_cluster import classify, load_method, read_factors, write_release
    >>> method = load_method("utanforskap")
    >>> table = read_factors("factors-2024.csv", method, year=2024)  # doctest: +SKIP
    >>> release = write_release(classify(table, method, year=2024), "releases/2024")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from regso_cluster._version import __version__

if TYPE_CHECKING:
    from regso_cluster.classification.classify import classify
    from regso_cluster.classification.tables import Classification
    from regso_cluster.errors import Fault, InputError
    from regso_cluster.example.country import synthetic_country
    from regso_cluster.exports.export import export, export_table
    from regso_cluster.factors.tables import FactorTable, read_factors
    from regso_cluster.joining.join import JoinResult, join
    from regso_cluster.joining.match_report import MatchReport
    from regso_cluster.method import Method, builtin_methods, load_method
    from regso_cluster.release.model import Release, read_release, verify_release
    from regso_cluster.release.write import write_release

# imported when first asked for, so that `import regso_cluster` and `--help` are instant
_HOME = {
    "export": "exports.export",
    "export_table": "exports.export",
    "Fault": "errors",
    "InputError": "errors",
    "JoinResult": "joining.join",
    "MatchReport": "joining.match_report",
    "join": "joining.join",
    "synthetic_country": "example.country",
    "FactorTable": "factors.tables",
    "read_factors": "factors.tables",
    "Method": "method",
    "builtin_methods": "method",
    "load_method": "method",
    "Classification": "classification.tables",
    "classify": "classification.classify",
    "Release": "release.model",
    "read_release": "release.model",
    "verify_release": "release.model",
    "write_release": "release.model",
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
