"""Structure of one table's groups to a folder: tables by number of groups and by group, a figure."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from regso_cluster.certainty.structure import Structure, structure_figures
from regso_cluster.ensemble import Workers
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.shrinkage import shrink_table
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method, StructureRule
from regso_cluster.pipeline import assess_clusters, measure, usable
from regso_cluster.release import whole_folder, write_parquet


def assess_release(
    table: FactorTable, method: Method, changes: dict[str, int | None] | None = None, workers: Workers | None = None
) -> Structure:
    """Assess the structure that the clusters of a method stand in, with its rule or another.

    Parameters
    ----------
    table, method : as for `classify`; of a release its `counted`
    changes : other values for keys of the rule; None keeps the method's own
    workers : never changes the result

    Raises
    ------
    InputError  a method without clusters; a table too small to tell
    """
    if method.clusters is None:
        hint = "Add [clusters] to the method: the structure is that of clusters."
        raise InputError(Fault("the method has no clusters", method.name, hint=hint))
    given: dict[str, Any] = {name: value for name, value in (changes or {}).items() if value is not None}
    rule = replace(method.clusters.structure or StructureRule(), **given)
    table = shrink_table(table, method)[0]
    used, weights = usable(table, method)
    yardstick = method.measured or measure(used, weights, method)
    ruled = replace(method, clusters=replace(method.clusters, structure=rule))
    return assess_clusters(used, weights, table, ruled, yardstick, workers)


def write_structure(structure: Structure, out: str | Path, *, synthetic: bool) -> Path:
    """Write by_k.parquet, groups.parquet, structure.json and stability.svg to a folder, whole or not at all.

    Raises
    ------
    InputError  the folder exists
    """
    from regso_cluster.delivery.study_figures import draw_stability, save_figure  # noqa: PLC0415  optional

    with whole_folder(out, "structure") as partial:
        write_parquet(structure.by_k.reset_index().assign(synthetic=synthetic), partial / "by_k.parquet")
        write_parquet(structure.groups.assign(synthetic=synthetic), partial / "groups.parquet")
        said = {"synthetic": synthetic} | structure_figures(structure, structure.choice or 0)
        del said["own_stands"]
        (partial / "structure.json").write_text(json.dumps(said, indent=2) + "\n", "utf-8")
        save_figure(draw_stability(structure, synthetic=synthetic), partial / "stability.svg")
    return Path(out)
