"""A sensitivity study: its runs, kept as they end, what they say, and the folder that is written.

Each batch of runs is written whole to a working folder beside the result, named `<out>.unfinished`; a study that was
cut off goes on from there. A run that fails is kept with its reason, counted and shown.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster._package import __version__
from regso_cluster.certainty.sensitivity import (
    OUTPUTS,
    Design,
    LoneRun,
    alone,
    lay_out_runs,
    often_listed,
    places_moved,
    share_changed,
    sobol_indices,
)
from regso_cluster.certainty.study_file import Study, dials_of, own_value, settings_of, study_toml
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.atomic import json_text, refuse_inside_a_release, whole_file, whole_folder
from regso_cluster.files.parquet import write_parquet
from regso_cluster.parallel import Workers, batches, run_as_done
from regso_cluster.schema import columns as c
from regso_cluster.studies.run import Groups, PlannedRun, StudyRun, Subject, run_batch, without_pairs

BATCH = 8  # runs that are kept together: at most so many are made again after a cut


@dataclass(frozen=True)
class Sensitivity:
    """What a study found.

    Parameters
    ----------
    subject, study : what was studied and how
    runs : a row a run: run, part ("design" or "alone"), choice, setting (of "alone"), settings (JSON), error, outputs
    choices : a row a choice: alone_areas and alone_residents (the largest share that changes group when this choice
        alone differs from the method), drawn_areas and drawn_residents (mean share when it is drawn anew, whatever the
        others are), the same for clusters; rank_alone and rank_drawn: places that an area moves on average; the lowest
        and highest number of areas on the list
    sobol : a row an output and choice: first, total and their errors
    areas : a row an area: listed (by the reference), listed_share (of the runs), group_share (of the runs in which it
        keeps its group; NaN where it has none), rank, rank_low, rank_high (the middle 90 per cent of the runs),
        synthetic
    summary : counts for people and `--json`

    Examples
    --------
    >>> from dataclasses import replace
    >>> few = replace(load_study(), runs=26)
    >>> found = sensitivity(read_release(folder / "2024"), folder / "few-runs", study=few)
    >>> isinstance(found, Sensitivity), bool(found.areas["rank_low"].le(found.areas["rank_high"]).any())
    (True, True)
    """

    subject: Subject
    study: Study
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
    InputError  too few runs; a working folder of another study, or one that a study is at work in
    """
    refuse_inside_a_release(Path(out))
    possible, too_large = without_pairs(study, len(subject.residents))
    dials, idle = dials_of(possible, subject.method)
    idle |= too_large
    if not dials:
        reasons = "; ".join(f"{name}: {why}" for name, why in idle.items())
        raise InputError(
            Fault("no choice that the method has", "study", got=reasons, hint="Name places of the method.")
        )
    design = lay_out_runs(tuple(dial.choice for dial in dials), study.runs, study.seed)
    single = alone(dials, design.groups, lambda dial: own_value(subject.method, dial))
    todo = [PlannedRun(number, settings_of(dials, point)) for number, point in enumerate(design.points)]
    todo += [PlannedRun(len(todo) + number, one.settings) for number, one in enumerate(single)]
    kept = _Kept(working_folder(out), _name_of(subject, study))
    with kept.alone():
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
        hint = "Remove the folder, or choose another --out: table, method, study and version must be the same."
        if said.is_file():
            if _read_name(said) != name:
                raise InputError(Fault("an unfinished study of something else", str(folder), hint=hint))
            return
        # the folder is removed in the end: one that holds anything else is somebody's
        if folder.exists() and (not folder.is_dir() or any(not _half_written(path) for path in folder.iterdir())):
            mine = "It is left as it is: choose another --out."
            raise InputError(Fault("not a folder of an unfinished study", str(folder), hint=mine))
        folder.mkdir(parents=True, exist_ok=True)
        self._write(said, lambda partial: partial.write_bytes(json.dumps(name, indent=2).encode()))

    def _write(self, path: Path, fill: Callable[[Path], object]) -> None:
        """Write a file whole or not at all."""
        with whole_file(path) as partial:
            fill(partial)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder: the system lets go of it when this process ends, however it does.

        Raises
        ------
        InputError  another process holds it
        """
        try:
            import fcntl  # noqa: PLC0415  not everywhere: elsewhere nothing is held
        except ImportError:
            yield
            return
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # a disk that holds nothing for anybody
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    hint = "Wait until it has ended, or choose another --out."
                    fault = Fault("another process is at work on this study", str(self.folder), hint=hint)
                    raise InputError(fault) from error
            yield
        finally:
            os.close(handle)

    def path(self, first: int) -> Path:
        """Name the file of a batch by its first run."""
        return self.folder / f"runs-{first:06}.parquet"

    def read(self, todo: list[PlannedRun], n_areas: int) -> list[StudyRun] | None:
        """Read a batch back; None where it is not there or was damaged, so that it is made again."""
        path = self.path(todo[0].number)
        if not path.is_file():
            return None
        try:
            runs = _read_runs(pd.read_parquet(path))
        except (OSError, ValueError, KeyError, TypeError):  # pyarrow's own errors are OSError and ValueError
            return None
        wanted = [(number, json.dumps(settings)) for number, settings in todo]
        same = [(run.number, json.dumps(run.settings)) for run in runs] == wanted
        return runs if same and all(_is_of(run.groups, n_areas) for run in runs) else None

    def write(self, runs: list[StudyRun]) -> None:
        """Keep a batch."""
        self._write(self.path(runs[0].number), lambda partial: write_parquet(_runs_frame(runs), partial))


def _read_name(said: Path) -> Any:
    """Read what a working folder is of; None where nobody can tell."""
    try:
        return json.loads(said.read_text("utf-8"))
    except ValueError:
        return None


def _half_written(path: Path) -> bool:
    """Whether a file is what a cut run left behind."""
    return path.name.startswith(".") and ".partial-" in path.name


def _is_of(groups: Groups | None, n_areas: int) -> bool:
    """Whether the groups of a run are those of so many areas; a run that failed has none."""
    parts = (groups.group, groups.cluster, groups.rank, groups.listed) if groups else ()
    return all(len(part) == n_areas for part in parts)


def _runs_frame(runs: list[StudyRun]) -> pd.DataFrame:
    rows = []
    for run in runs:
        row: dict[str, Any] = {"run": run.number, "settings": json.dumps(run.settings), "error": run.error}
        row["outputs"] = json.dumps(run.outputs)
        for part, kind in (("group", "<i2"), ("cluster", "<i2"), ("rank", "<f8"), ("listed", "|b1")):
            row[part] = getattr(run.groups, part).astype(kind).tobytes() if run.groups else b""
        rows.append(row)
    return pd.DataFrame(rows)


def _read_runs(frame: pd.DataFrame) -> list[StudyRun]:
    runs = []
    for row in frame.to_dict("records"):
        groups = None
        if not row["error"]:
            groups = Groups(
                np.frombuffer(row[c.GROUP], "<i2").astype(np.int64),
                np.frombuffer(row["cluster"], "<i2").astype(np.int64),
                np.frombuffer(row["rank"], "<f8").astype(np.float64),
                np.frombuffer(row["listed"], "|b1").astype(np.bool_),
            )
        runs.append(
            StudyRun(int(row["run"]), json.loads(row["settings"]), row["error"], json.loads(row["outputs"]), groups)
        )
    return runs


def _make_runs(
    subject: Subject, todo: list[PlannedRun], kept: _Kept, workers: Workers | None,
    say: Callable[[int, int], None] | None,
) -> list[StudyRun]:  # fmt: skip
    """Make the runs that are not kept yet; give all, by number."""
    parts = [todo[part.start : part.stop] for part in batches(len(todo), BATCH)]
    found = {part[0].number: kept.read(part, len(subject.residents)) for part in parts}
    left = [part for part in parts if found[part[0].number] is None]
    done = sum(len(runs) for runs in found.values() if runs)
    if say and done:
        say(done, len(todo))
    workers = replace(workers or Workers(), kind="processes")
    for _, runs in run_as_done(run_batch, subject, left, workers):
        kept.write(runs)
        found[runs[0].number] = _read_runs(_runs_frame(runs))  # the same whether kept or made now
        done += len(runs)
        if say:
            say(done, len(todo))
    return [run for part in parts for run in found[part[0].number] or []]


def _put_together(
    subject: Subject, study: Study, design: Design, single: list[LoneRun], runs: list[StudyRun],
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
    frame, choices, sobol, areas = (one.assign(synthetic=synthetic) for one in (frame, choices, sobol, areas))
    return Sensitivity(subject, study, frame, choices, sobol, areas, summary)


def _runs_table(drawn: list[StudyRun], lone: list[StudyRun], single: list[LoneRun]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        *({"run": run.number, "part": "design", "choice": "", "setting": ""} for run in drawn),
        *(
            {"run": run.number, "part": "alone", "choice": choice, "setting": setting}
            for run, (choice, setting, _) in zip(lone, single, strict=True)
        ),
    ]
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
        drawn = share_changed(design, stacked[grouping], subject.residents, named=grouping == "group")
        table[[f"{grouping}_drawn_areas", f"{grouping}_drawn_residents"]] = drawn[[c.AREAS, c.RESIDENTS]].to_numpy()
    table["rank_alone"], table["rank_drawn"] = lone["mean_rank_shift"].max(), places_moved(design, stacked["rank"])
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
        c.NAME: areas[c.NAME], c.KOMMUN_NAME: areas[c.KOMMUN_NAME], c.RESIDENTS: areas[c.POPULATION],
        c.STATUS: areas[c.STATUS], "listed": subject.reference.listed,
        "listed_share": often_listed(stacked["listed"], done),
        c.GROUP: pd.array(subject.reference.group, dtype="Int64"),
        "group_share": kept.mean(axis=0) if done.any() else np.nan,
        "rank": subject.reference.rank, "rank_low": ends[0], "rank_high": ends[1],
    }, index=areas.index)  # fmt: skip
    none = subject.reference.group < 0
    table[c.GROUP], table["group_share"] = table[c.GROUP].mask(none), table["group_share"].mask(none)
    return table.rename_axis(c.REGSO if subject.table.edition else c.AREA).reset_index()


def _clear_away(folder: Path) -> None:
    """Remove a working folder with what a study keeps in it; it stays where somebody has put something else there."""
    with suppress(OSError):  # the study is written: what cannot be removed is no fault of it
        for path in folder.iterdir():
            if path.name == "study.json" or path.match("runs-*.parquet") or _half_written(path):
                path.unlink()
        folder.rmdir()


def write_sensitivity(found: Sensitivity, out: str | Path, language: Literal["sv", "en"] = "sv") -> Path:
    """Write a study to a folder, whole or not at all, and remove its working folder; the figure in a language.

    Raises
    ------
    InputError  the folder exists
    """
    with whole_folder(out, "study") as partial:
        for name in ("runs", "choices", "sobol", "areas"):
            write_parquet(getattr(found, name), partial / f"{name}.parquet")
        (partial / "study.toml").write_text(study_toml(found.study), "utf-8", newline="\n")
        text = json_text(found.summary, indent=2, ensure_ascii=False) + "\n"
        (partial / "sensitivity.json").write_text(text, "utf-8")
        from regso_cluster.figures.studies import draw_tornado, save_figure  # noqa: PLC0415  optional

        save_figure(
            draw_tornado(found.choices, found.study, language, synthetic=found.subject.table.synthetic),
            partial / "sensitivity.svg",
        )
    _clear_away(working_folder(out))
    return Path(out)
