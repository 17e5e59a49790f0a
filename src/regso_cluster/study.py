"""A sensitivity study of one table: the runs, kept as they end, and what they say.

The only module that knows how a set of choices becomes groups: `pipeline` measures and judges, this calls it many
times. Each batch of runs is written whole to a working folder beside the result, named `<out>.unfinished`; a study
that was cut off goes on from there. A run that fails is kept with its reason, counted and shown.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tomli_w

from regso_cluster import __version__
from regso_cluster.certainty.choices import (
    CLUSTERED_BY,
    ListRule,
    Settings,
    Study,
    dials_of,
    own_value,
    settings_of,
    study_toml,
    with_settings,
)
from regso_cluster.certainty.ensemble import Workers, batches, run_as_done
from regso_cluster.certainty.resampling import Effort, lay_out
from regso_cluster.certainty.sensitivity import (
    OUTPUTS,
    Design,
    alone,
    changed,
    lay_out_runs,
    match_labels,
    often_listed,
    share_changed,
    sobol_indices,
)
from regso_cluster.certainty.stability import best_labels
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.scales import apply_scale
from regso_cluster.factors.tables import FactorTable
from regso_cluster.grouping.agreement import adjusted_rand
from regso_cluster.grouping.hierarchies import Agglomerative
from regso_cluster.grouping.medoids import KMedoids
from regso_cluster.grouping.typology import nearest_clusters
from regso_cluster.method import Method, parse_method
from regso_cluster.pipeline import judge, measure, usable
from regso_cluster.release import Release, refuse_inside_a_release, whole_folder, write_parquet

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BATCH = 8  # runs that are kept together; part of what a working folder is known by
EFFORT = Effort(starts=2, swaps=40)  # of a run's clusters
_ONE_AT_A_TIME = threading.Lock()  # numba's plain threading layer takes one parallel kernel at a time in a process


@dataclass(frozen=True)
class Groups:
    """What one set of choices gives every area.

    Parameters
    ----------
    group : (n_areas,) composite group, or band, from 1; -1 where there is none
    cluster : (n_areas,) from 0; -1 where there is none
    rank : (n_areas,) rank of the index, NaN where there is none
    listed : (n_areas,) on the list
    """

    group: Labels
    cluster: Labels
    rank: Floats
    listed: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Subject:
    """What is studied: a table, a method, the groups to compare with, and which list.

    Parameters
    ----------
    table, method : as for `classify`; the method without what was measured
    reference : groups of the method as it is, or of the release
    list : which areas are on the list
    residents : (n_areas,), 0 where not known
    name : of the table or release; notes : what a reader should know
    """

    table: FactorTable
    method: Method
    reference: Groups
    list: ListRule
    residents: Floats
    name: str
    notes: tuple[str, ...] = ()


def subject_of_table(table: FactorTable, method: Method, rule: ListRule | None = None) -> Subject:
    """Study a table: groups are compared with those of the method as it is.

    Raises
    ------
    InputError  a method without the grouping of the list; a step that cannot be done on this table
    """
    notes = ()
    if method.measured or method.frozen or method.baseline:
        notes = ("what the method brought as measured is put aside: every run measures on this table",)
    method = replace(method, measured=None, frozen=None, baseline=None)
    listing = _list_rule(method, rule)
    residents = table.areas["population"].fillna(0).to_numpy(np.float64)
    nothing = Groups(*(np.empty(0, dtype=kind) for kind in (np.int64, np.int64, np.float64, np.bool_)))
    subject = Subject(table, method, nothing, listing, residents, table.source, notes)
    return replace(subject, reference=groups_of(subject, {}))


def subject_of_release(release: Release, rule: ListRule | None = None) -> Subject:
    """Study a release: groups are compared with the published ones; its no-flicker rule is put aside.

    Raises
    ------
    InputError  as `subject_of_table`
    """
    table, method = release.table, release.method
    listing = _list_rule(method, rule)
    notes = []
    if method.frozen:
        notes.append("the limits of the release are frozen: the study measures them anew on its table")
    plain = replace(method, measured=None, frozen=None, baseline=None)
    residents = table.areas["population"].fillna(0).to_numpy(np.float64)
    reference = _groups(release.areas, plain, listing)
    if "cluster" in release.areas:
        numbers = release.areas["cluster"]
        codes = pd.Categorical(numbers.dropna()).categories
        place = {number: code for code, number in enumerate(codes)}
        reference = replace(reference, cluster=numbers.map(place).astype("Float64").fillna(-1).to_numpy(np.int64))
    return Subject(table, plain, reference, listing, residents, release.path.resolve().name, tuple(notes))


def _list_rule(method: Method, rule: ListRule | None) -> ListRule:
    """Settle which list: of composite groups all but the mildest, the worst band, or the worst tenth by the index."""
    if rule is None:
        if method.composite:
            return ListRule("composite_group", max(len(method.composite.groups) - 1, 1))
        return ListRule("band", 1) if method.bands else ListRule(share=0.1)
    known = {"composite_group": method.composite, "band": method.bands}
    if rule.grouping is not None and known.get(rule.grouping) is None:
        expected = ", ".join(name for name, has in known.items() if has) or "share, as share = 0.1"
        raise InputError(Fault("the method has no such grouping", "list", expected, rule.grouping, "Name one it has."))
    if (rule.grouping is None) == (rule.share is None):
        raise InputError(Fault("not one list", "list", "grouping or share", hint='As { grouping = "band", worst = 1 }.'))
    return rule


def groups_of(subject: Subject, settings: Settings) -> Groups:
    """Classify with other choices: (n_areas,) of each grouping.

    Raises
    ------
    InputError  choices that contradict each other, or a step that cannot be done
    """
    method = parse_method(tomli_w.dumps(with_settings(subject.method, settings)), "the choices of this run")
    method = replace(method, tiers=None, certainty=None)
    table = _with_factors(subject.table, method)
    used, weights = usable(table, method)
    yardstick = measure(used, weights, replace(method, clusters=None))
    judged = judge(used, table, replace(method, clusters=None), yardstick)
    found = _groups(judged, method, subject.list)
    if method.clusters is None:
        return found
    signs = np.array([factor.sign for factor in method.factors])
    scale = measure(used, weights, replace(method, problems=None, composite=None, bands=None, index=None)).scales
    scores = apply_scale(used, method.clusters.scale, signs, scale["clusters"]).to_numpy(np.float64)
    weighing = weights if weights is not None and method.clusters.weighting == "residents" else np.ones(len(scores))
    by = str(settings.get(CLUSTERED_BY, "k-means"))
    return replace(found, cluster=find_clusters(scores, weighing, method.clusters.n_clusters, by, method.seed))


def _with_factors(table: FactorTable, method: Method) -> FactorTable:
    keys = list(method.keys)
    numbers = {part: getattr(table, part)[keys] for part in ("numerator", "denominator", "value", "status")}
    return replace(table, **numbers)


def find_clusters(X: Floats, weights: Floats, k: int, by: str, seed: int) -> Labels:
    """Find clusters by one of three methods: (n_areas,) from 0; -1 where nothing is observed.

    k-medoids and Ward are found on the areas of positive weight with every factor observed; the others go to the
    nearest centre of what was found.

    Raises
    ------
    InputError  a method that is none of "k-means", "k-medoids", "ward"
    """
    if by == "k-means":
        layout = lay_out(X, weights)
        labels = best_labels(layout, k, seed, EFFORT)
        chosen = labels >= 0
    else:
        chosen = ~np.isnan(X).any(axis=1) & (weights > 0)
        labels = np.full(len(X), -1, dtype=np.int64)
        makers: dict[str, Callable[[], Any]] = {
            "k-medoids": lambda: KMedoids(k, n_init=2, random_state=seed % 2**31, n_threads=1),
            "ward": lambda: Agglomerative(k, linkage="ward", n_threads=1),
        }
        if by not in makers:
            raise InputError(Fault("no such clustering", CLUSTERED_BY, "k-means, k-medoids, ward", by, "Name one of them."))
        with _ONE_AT_A_TIME:
            labels[chosen] = makers[by]().fit(X[chosen], sample_weight=weights[chosen]).labels_
    if not chosen.all():
        centres = _centres(X, weights, labels, k)
        others = nearest_clusters(X, centres)[0] - 1
        labels = np.where(chosen, labels, others)
    return labels


def _centres(X: Floats, weights: Floats, labels: Labels, k: int) -> Floats:
    centres = np.full((k, X.shape[1]), np.nan)
    for group in range(k):
        inside = labels == group
        weight = weights[inside, None] * ~np.isnan(X[inside])
        total = weight.sum(axis=0)
        sums = (weight * np.nan_to_num(X[inside])).sum(axis=0)
        centres[group] = np.where(total > 0, sums / np.where(total > 0, total, 1.0), 0.0)
    return centres


def _groups(areas: pd.DataFrame, method: Method, rule: ListRule) -> Groups:
    """Read groups, ranks and the list out of classified areas."""
    grouping = "composite_group" if method.composite else "band"
    column = "composite_group_free" if "composite_group_free" in areas else grouping
    n = len(areas)
    group = _whole(areas[column]) if column in areas else np.full(n, -1)
    rank = areas["index_rank"].astype("Float64").to_numpy(np.float64, na_value=np.nan) if "index_rank" in areas else None
    if rule.share is not None:
        if rank is None:
            raise InputError(Fault("a list by the index without an index", "list", hint="Add [index] to the method."))
        listed = rank <= rule.share * np.isfinite(rank).sum()
    else:
        name = "composite_group_free" if rule.grouping == "composite_group" and "composite_group_free" in areas else rule.grouping
        own = _whole(areas[str(name)])
        listed = (own >= 1) & (own <= rule.worst)
    return Groups(group, np.full(n, -1), rank if rank is not None else np.full(n, np.nan), listed)


def _whole(numbers: pd.Series) -> Labels:
    return numbers.astype("Int64").fillna(-1).to_numpy(np.int64)


@dataclass(frozen=True)
class Run:
    """One run: what it was given and what it gave.

    Parameters
    ----------
    number : of the run; the runs of the design first, then those that vary one choice alone
    settings : what stood at each place
    error : why it failed; empty where it was done
    outputs : n_listed, listed_residents, mean_rank_shift, cluster_rand (with the reference), group_areas and
        group_residents, cluster_areas and cluster_residents (shares that changed); NaN where not defined
    groups : None where it failed; clusters have the numbers of the reference
    """

    number: int
    settings: Settings
    error: str
    outputs: dict[str, float]
    groups: Groups | None


def run_once(subject: Subject, number: int, settings: Settings) -> Run:
    """Make one run and compare it with the reference; a failure becomes a run with its reason."""
    try:
        found = groups_of(subject, settings)
    except Exception as error:  # noqa: BLE001  a run that fails is a finding, kept and counted, not the end of a study
        return Run(number, settings, f"{type(error).__name__}: {error}", {}, None)
    before, residents = subject.reference, subject.residents
    found = replace(found, cluster=match_labels(found.cluster, before.cluster, residents))
    both = np.isfinite(found.rank) & np.isfinite(before.rank)
    clustered = (found.cluster >= 0) & (before.cluster >= 0)
    group, cluster = (changed(getattr(found, one), getattr(before, one), residents) for one in ("group", "cluster"))
    outputs = {
        "n_listed": float(found.listed.sum()),
        "listed_residents": float(residents[found.listed].sum()),
        "entered": float((found.listed & ~before.listed).sum()),
        "left": float((before.listed & ~found.listed).sum()),
        "mean_rank_shift": float(np.abs(found.rank - before.rank)[both].mean()) if both.any() else np.nan,
        "cluster_rand": adjusted_rand(found.cluster, before.cluster) if clustered.sum() > 1 else np.nan,
        "group_areas": group[0], "group_residents": group[1],
        "cluster_areas": cluster[0], "cluster_residents": cluster[1],
    }  # fmt: skip
    return Run(number, settings, "", outputs, found)


def _run_batch(subject: Subject, todo: Sequence[tuple[int, Settings]]) -> list[Run]:
    return [run_once(subject, number, settings) for number, settings in todo]


@dataclass(frozen=True)
class Sensitivity:
    """What a study found.

    Parameters
    ----------
    subject, study, design : what was studied and how
    runs : a row a run: run, part ("design" or "alone"), choice, setting (of "alone"), settings (JSON), error, outputs
    choices : a row a choice: alone_areas and alone_residents (the largest share that changes group when this choice
        alone differs from the method), drawn_areas and drawn_residents (mean share when it is drawn anew, whatever the
        others are), the same for clusters, the lowest and highest number of areas on the list
    sobol : a row an output and choice: first, total and their errors
    areas : a row an area: listed (by the reference), listed_share (of the runs), group_share (of the runs in which it
        keeps its group), rank, rank_low, rank_high (the middle 90 per cent of the runs), synthetic
    summary : counts for people and `--json`
    """

    subject: Subject
    study: Study
    design: Design
    runs: pd.DataFrame
    choices: pd.DataFrame
    sobol: pd.DataFrame
    areas: pd.DataFrame
    summary: dict[str, Any]


def run_study(
    subject: Subject,
    study: Study,
    out: str | Path,
    *,
    workers: Workers | None = None,
    say: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    """Make the runs of a study, each batch kept in `<out>.unfinished` as it ends, and put together what they say.

    Parameters
    ----------
    subject, study : what is studied, and which choices are varied
    out : where `write_sensitivity` will write; what an interrupted study left beside it is taken up
    workers : never changes the result
    say : told (runs done, runs in all) as batches end

    Raises
    ------
    InputError  too few runs; a working folder of another study
    """
    refuse_inside_a_release(Path(out))
    dials, idle = dials_of(study, subject.method)
    if not dials:
        reasons = "; ".join(f"{name}: {why}" for name, why in idle.items())
        raise InputError(Fault("no choice that the method has", "study", got=reasons, hint="Name places of the method."))
    design = lay_out_runs(tuple(dial.choice for dial in dials), study.runs, study.seed)
    single = alone(dials, design.groups, lambda dial: own_value(subject.method, dial))
    todo = [(number, settings_of(dials, point)) for number, point in enumerate(design.points)]
    todo += [(len(todo) + number, settings) for number, (_, _, settings) in enumerate(single)]
    kept = _Kept(working_folder(out), _name_of(subject, study))
    runs = _make_runs(subject, todo, kept, workers, say)
    return _put_together(subject, study, design, single, runs, idle)


def working_folder(out: str | Path) -> Path:
    """Name the folder in which an unfinished study keeps its runs."""
    out = Path(os.path.abspath(out))  # noqa: PTH100  # resolve() would follow a symlinked parent
    return out.with_name(f"{out.name}.unfinished")


def _name_of(subject: Subject, study: Study) -> dict[str, str]:
    """Tell two studies apart: the table, the method, the reference, the study and the version."""
    reference = hashlib.sha256()
    for part in (subject.reference.group, subject.reference.cluster, subject.reference.rank, subject.reference.listed):
        reference.update(np.ascontiguousarray(part).tobytes())
    values = hashlib.sha256(np.ascontiguousarray(subject.table.value.to_numpy(np.float64)).tobytes()).hexdigest()
    return {
        "table": subject.table.sha256, "values": values, "method": subject.method.hash,
        "reference": reference.hexdigest(), "list": json.dumps(asdict(subject.list)),
        "study": hashlib.sha256(study_toml(study).encode()).hexdigest(), "version": __version__,
    }  # fmt: skip


class _Kept:
    """The batches of an unfinished study: each a file that is there whole or not at all."""

    def __init__(self, folder: Path, name: dict[str, str]) -> None:
        self.folder = folder
        said = folder / "study.json"
        if said.is_file() and json.loads(said.read_text("utf-8")) != name:
            hint = "Remove the folder, or choose another --out: table, method, study and version must be the same."
            raise InputError(Fault("an unfinished study of something else", str(folder), hint=hint))
        folder.mkdir(parents=True, exist_ok=True)
        if not said.is_file():
            self._write(said, json.dumps(name, indent=2).encode())

    def _write(self, path: Path, content: bytes) -> None:
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(path)

    def path(self, first: int) -> Path:
        """Name the file of a batch by its first run."""
        return self.folder / f"runs-{first:06}.parquet"

    def read(self, first: int) -> list[Run] | None:
        """Read a batch back; None where it is not there."""
        path = self.path(first)
        return _read_runs(pd.read_parquet(path)) if path.is_file() else None

    def write(self, runs: list[Run]) -> None:
        """Keep a batch."""
        path = self.path(runs[0].number)
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        write_parquet(_runs_frame(runs), partial)
        partial.replace(path)


def _runs_frame(runs: list[Run]) -> pd.DataFrame:
    rows = []
    for run in runs:
        row: dict[str, Any] = {"run": run.number, "settings": json.dumps(run.settings), "error": run.error}
        row["outputs"] = json.dumps(run.outputs)
        for part, kind in (("group", "<i2"), ("cluster", "<i2"), ("rank", "<f8"), ("listed", "|b1")):
            row[part] = getattr(run.groups, part).astype(kind).tobytes() if run.groups else b""
        rows.append(row)
    return pd.DataFrame(rows)


def _read_runs(frame: pd.DataFrame) -> list[Run]:
    runs = []
    for row in frame.to_dict("records"):
        groups = None
        if not row["error"]:
            parts = (("group", "<i2", np.int64), ("cluster", "<i2", np.int64), ("rank", "<f8", np.float64), ("listed", "|b1", np.bool_))
            groups = Groups(*(np.frombuffer(row[name], kind).astype(wide) for name, kind, wide in parts))
        runs.append(Run(int(row["run"]), json.loads(row["settings"]), row["error"], json.loads(row["outputs"]), groups))
    return runs


def _make_runs(
    subject: Subject, todo: list[tuple[int, Settings]], kept: _Kept, workers: Workers | None,
    say: Callable[[int, int], None] | None,
) -> list[Run]:  # fmt: skip
    """Make the runs that are not kept yet; give all, by number."""
    parts = [todo[part.start : part.stop] for part in batches(len(todo), BATCH)]
    found = {part[0][0]: kept.read(part[0][0]) for part in parts}
    left = [part for part in parts if found[part[0][0]] is None]
    done = sum(len(runs) for runs in found.values() if runs)
    if say and done:
        say(done, len(todo))
    workers = replace(workers or Workers(), kind="processes")
    for _, runs in run_as_done(_run_batch, subject, left, workers):
        kept.write(runs)
        found[runs[0].number] = _read_runs(_runs_frame(runs))  # the same whether kept or made now
        done += len(runs)
        if say:
            say(done, len(todo))
    return [run for part in parts for run in found[part[0][0]] or []]


def _put_together(
    subject: Subject, study: Study, design: Design, single: list[tuple[str, str, Settings]], runs: list[Run],
    idle: dict[str, str],
) -> Sensitivity:  # fmt: skip
    drawn, lone = runs[: len(design.points)], runs[len(design.points) :]
    frame = _runs_table(drawn, lone, single)
    synthetic = subject.table.synthetic
    n = len(subject.residents)
    stacked = {
        part: np.array([getattr(run.groups, part) if run.groups else np.full(n, empty) for run in drawn])
        for part, empty in (("group", -1), ("cluster", -1), ("rank", np.nan), ("listed", False))
    }
    done = np.array([run.groups is not None for run in drawn])
    sobol = pd.concat([
        sobol_indices(design, frame[output].to_numpy(np.float64)[: len(drawn)], seed=study.seed)
        .reset_index().assign(output=output)
        for output in OUTPUTS
    ])[["output", "choice", "first", "first_error", "total", "total_error"]].reset_index(drop=True)  # fmt: skip
    choices = _choices_table(subject, design, frame, stacked)
    areas = _areas_table(subject, stacked, done)
    failed = frame[frame["error"] != ""]
    listed = stacked["listed"][done].sum(axis=1)
    summary: dict[str, Any] = {
        "subject": subject.name, "synthetic": synthetic, "method": subject.method.name,
        "list": {key: value for key, value in asdict(subject.list).items() if value is not None},
        "runs": {"design": len(drawn), "alone": len(lone), "blocks": design.n_blocks, "failed": len(failed)},
        "failed": {reason: int(count) for reason, count in failed["error"].value_counts().sort_index().items()},
        "not_varied": idle,
        "listed": {"reference": int(subject.reference.listed.sum()),
                   "median": float(np.median(listed)) if len(listed) else None,
                   "low": float(np.quantile(listed, 0.05)) if len(listed) else None,
                   "high": float(np.quantile(listed, 0.95)) if len(listed) else None,
                   "always": int((areas["listed_share"] == 1).sum()), "ever": int((areas["listed_share"] > 0).sum())},
        "notes": list(subject.notes),
    }  # fmt: skip
    parts = (frame, choices, sobol, areas)
    return Sensitivity(subject, study, design, *(one.assign(synthetic=synthetic) for one in parts), summary)


def _runs_table(drawn: list[Run], lone: list[Run], single: list[tuple[str, str, Settings]]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for run in drawn:
        rows.append({"run": run.number, "part": "design", "choice": "", "setting": ""})
    for run, (choice, setting, _) in zip(lone, single, strict=True):
        rows.append({"run": run.number, "part": "alone", "choice": choice, "setting": setting})
    for row, run in zip(rows, [*drawn, *lone], strict=True):
        row |= {"settings": json.dumps(run.settings, ensure_ascii=False), "error": run.error, **run.outputs}
    names = ["n_listed", "listed_residents", "entered", "left", "mean_rank_shift", "cluster_rand", "group_areas",
             "group_residents", "cluster_areas", "cluster_residents"]  # fmt: skip
    frame = pd.DataFrame(rows).reindex(columns=["run", "part", "choice", "setting", "settings", "error", *names])
    return frame.astype(dict.fromkeys(names, np.float64))


def _choices_table(
    subject: Subject, design: Design, runs: pd.DataFrame, stacked: dict[str, npt.NDArray[Any]]
) -> pd.DataFrame:
    lone = runs[runs["part"] == "alone"].groupby("choice", sort=False)
    table = pd.DataFrame(index=pd.Index(design.groups, name="choice"))
    for grouping in ("group", "cluster"):
        for what in ("areas", "residents"):
            table[f"{grouping}_alone_{what}"] = lone[f"{grouping}_{what}"].max()
        drawn = share_changed(design, stacked[grouping], subject.residents)
        table[[f"{grouping}_drawn_areas", f"{grouping}_drawn_residents"]] = drawn[["areas", "residents"]].to_numpy()
    table["listed_low"], table["listed_high"] = lone["n_listed"].min(), lone["n_listed"].max()
    return table.reset_index()


def _areas_table(subject: Subject, stacked: dict[str, npt.NDArray[Any]], done: npt.NDArray[np.bool_]) -> pd.DataFrame:
    areas = subject.table.areas
    rank = stacked["rank"][done]
    seen = np.isfinite(rank).any(axis=0) if len(rank) else np.zeros(len(areas), dtype=bool)
    ends = np.full((2, len(areas)), np.nan)
    if seen.any():
        ends[:, seen] = np.nanquantile(rank[:, seen], [0.05, 0.95], axis=0)
    kept = stacked["group"][done] == subject.reference.group
    table = pd.DataFrame({
        "name": areas["name"], "kommun_name": areas["kommun_name"], "residents": areas["population"],
        "status": areas["status"], "listed": subject.reference.listed,
        "listed_share": often_listed(stacked["listed"], done),
        "group": pd.array(subject.reference.group, dtype="Int64"),
        "group_share": kept.mean(axis=0) if done.any() else np.nan,
        "rank": subject.reference.rank, "rank_low": ends[0], "rank_high": ends[1],
    }, index=areas.index)  # fmt: skip
    table["group"] = table["group"].mask(table["group"] < 0)
    return table.rename_axis("regso" if subject.table.edition else "area").reset_index()


def write_sensitivity(found: Sensitivity, out: str | Path) -> Path:
    """Write a study to a folder, whole or not at all, and remove its working folder.

    Raises
    ------
    InputError  the folder exists
    """
    with whole_folder(out, "study") as partial:
        for name in ("runs", "choices", "sobol", "areas"):
            write_parquet(getattr(found, name), partial / f"{name}.parquet")
        (partial / "study.toml").write_text(study_toml(found.study), "utf-8", newline="\n")
        text = json.dumps(found.summary, indent=2, ensure_ascii=False) + "\n"
        (partial / "sensitivity.json").write_text(text, "utf-8")
        from regso_cluster.delivery.study_figures import draw_tornado, save_figure  # noqa: PLC0415  optional

        save_figure(draw_tornado(found.choices, found.study, synthetic=found.subject.table.synthetic), partial / "sensitivity.svg")
    shutil.rmtree(working_folder(out), ignore_errors=True)
    return Path(out)
