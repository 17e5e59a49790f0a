"""How far groups depend on the choices of a method: which runs to make, and what they say.

Runs are laid out after Saltelli: blocks of one set of choices A, the same with one choice taken from another set B at a
time, and B. A block tells what one choice alone changes, whatever the others are; all blocks together give Sobol
indices. Beside them each choice is varied alone from the method as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from regso_cluster.certainty.dial import Dial
from regso_cluster.certainty.study_file import Settings, settings_of
from regso_cluster.errors import Fault, InputError
from regso_cluster.judging.lineage import overlap
from regso_cluster.schema import columns as c

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

OUTPUTS = ("n_listed", "mean_rank_shift", "cluster_rand")


@dataclass(frozen=True)
class Design:
    """Which runs to make.

    Parameters
    ----------
    groups : names of the choices, in the order of the dials
    of_dial : (n_dials,) name of each dial's choice
    points : (n_blocks * (n_choices + 2), n_dials) numbers from 0 to 1; a block is A, then A with each choice from B, B
    """

    groups: tuple[str, ...]
    of_dial: tuple[str, ...]
    points: Floats

    @property
    def block(self) -> int:
        """How many runs make a block."""
        return len(self.groups) + 2

    @property
    def n_blocks(self) -> int:
        """How many blocks there are."""
        return len(self.points) // self.block


def lay_out_runs(of_dial: tuple[str, ...], runs: int, seed: int = 0) -> Design:
    """Lay out as many runs as there may be: a power of two of blocks, from a scrambled Sobol sequence (SALib).

    Parameters
    ----------
    of_dial : name of each dial's choice; dials of one name are varied together
    runs : at most so many

    Raises
    ------
    InputError  too few runs for two blocks

    Notes
    -----
    Saltelli, A. et al. (2010), "Variance based sensitivity analysis of model output", Computer Physics Communications
    181, section 3. Iwanaga, T., Usher, W. and Herman, J. (2022), "Toward SALib 2.0", SESMO 4.
    """
    from SALib.sample import sobol  # noqa: PLC0415  half a second, and only here

    groups = tuple(dict.fromkeys(of_dial))
    block = len(groups) + 2
    if runs < 2 * block:
        hint = f"Ask for {2 * block} runs or more: {len(groups)} choices are varied."
        raise InputError(Fault("too few runs", "--runs", f"at least {2 * block}", str(runs), hint))
    n_blocks = 2 ** int(np.log2(runs // block))
    points = sobol.sample(_problem(of_dial), n_blocks, calc_second_order=False, scramble=True, seed=seed)
    if len(groups) == 1:
        points = points.reshape(n_blocks, 4, -1)[:, [0, 1, 3], :-1].reshape(3 * n_blocks, -1)
    return Design(groups, of_dial, np.ascontiguousarray(points, dtype=np.float64))


def _problem(of_dial: tuple[str, ...]) -> dict[str, Any]:
    """Describe dials to SALib, which takes one group for none: beside one choice stands a dial that turns nothing."""
    named = [*of_dial, "nothing"] if len(set(of_dial)) == 1 else list(of_dial)
    n = len(named)
    return {"num_vars": n, "names": [f"x{i}" for i in range(n)], "bounds": [[0.0, 1.0]] * n, "groups": named}


def whole_blocks(design: Design, done: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tell which blocks have all their runs: (n_blocks,)."""
    return np.asarray(np.all(done.reshape(design.n_blocks, design.block), axis=1))


def sobol_indices(design: Design, output: Floats, *, seed: int = 0, resamples: int = 200) -> pd.DataFrame:
    """Estimate the share of an output's variance that goes back to each choice.

    Parameters
    ----------
    design : the runs
    output : (n_runs,), NaN where a run failed: its whole block is left out
    seed, resamples : of the bootstrap for the errors

    Returns
    -------
    a row a choice: first (alone), first_error, total (with all that it acts together with), total_error; errors are
    half the width of 95 % intervals. All NaN where fewer than two blocks are whole or the output never varies

    Notes
    -----
    Estimators of Saltelli et al. (2010), table 2 (b) and (f), by SALib.
    """
    from SALib.analyze import sobol  # noqa: PLC0415

    columns = ["first", "first_error", "total", "total_error"]
    nothing = pd.DataFrame(np.nan, index=pd.Index(design.groups, name="choice"), columns=columns)
    whole = whole_blocks(design, ~np.isnan(output))
    kept = output.reshape(design.n_blocks, design.block)[whole]
    if whole.sum() < 2 or kept.min() == kept.max():
        return nothing
    if len(design.groups) == 1:
        kept = kept[:, [0, 1, 0, 2]]  # A, from B, A with nothing from B, B
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a resample of blocks in which nothing varies gives NaN
        found = sobol.analyze(  # SALib takes the seed 0 for none
            _problem(design.of_dial), kept.reshape(-1), calc_second_order=False, num_resamples=resamples, seed=seed + 1
        )
    parts = (np.asarray(found[name], dtype=np.float64) for name in ("S1", "S1_conf", "ST", "ST_conf"))
    shares = (part[: len(design.groups)] for part in parts)
    return pd.DataFrame(dict(zip(columns, shares, strict=True)), index=nothing.index)


def share_changed(design: Design, labels: Labels, residents: Floats, *, named: bool = True) -> pd.DataFrame:
    """Give how many areas and residents change group when one choice alone is drawn anew, whatever the others are.

    Parameters
    ----------
    design : the runs
    labels : (n_runs, n_areas) groups, -1 where an area has none; a run that failed is -1 throughout
    residents : (n_areas,)
    named : groups of one number are the same in every run; otherwise two runs are matched before they are compared

    Returns
    -------
    a row a choice: areas, residents: mean shares over blocks, of the areas that have a group in one of the two runs;
    NaN where no block is whole
    """
    blocks = labels.reshape(design.n_blocks, design.block, -1)
    whole = whole_blocks(design, np.asarray((labels >= 0).any(axis=1)))
    rows = []
    for place, choice in enumerate(design.groups, start=1):
        pairs = [(block[0], block[place]) for block in blocks[whole]]
        if not named:
            pairs = [(one, match_labels(two, one, residents)) for one, two in pairs]
        shares = [changed(one, two, residents) for one, two in pairs]
        areas, people = np.mean(shares, axis=0) if shares else (np.nan, np.nan)
        rows.append((choice, float(areas), float(people)))
    return pd.DataFrame(rows, columns=["choice", c.AREAS, c.RESIDENTS]).set_index("choice")


def places_moved(design: Design, rank: Floats) -> pd.Series:
    """Give how many places an area moves on average when one choice alone is drawn anew, by choice.

    Parameters
    ----------
    rank : (n_runs, n_areas), NaN where an area has none, throughout where a run failed
    """
    blocks = rank.reshape(design.n_blocks, design.block, -1)
    whole = whole_blocks(design, np.asarray(np.isfinite(rank).any(axis=1)))
    moved = {}
    for place, choice in enumerate(design.groups, start=1):
        apart = np.abs(blocks[whole, 0] - blocks[whole, place])
        moved[choice] = float(np.nanmean(apart)) if np.isfinite(apart).any() else np.nan
    return pd.Series(moved).rename_axis("choice")


def changed(one: Labels, two: Labels, residents: Floats) -> tuple[float, float]:
    """Give the share of areas and of residents whose group differs; areas without a group in both do not count.

    The share of residents is NaN where nobody is known to live in the areas that count.
    """
    counted = (one >= 0) | (two >= 0)
    moved = counted & (one != two)
    people = float(residents[counted].sum())
    if not counted.any():
        return 0.0, 0.0
    return float(moved.sum() / counted.sum()), float(residents[moved].sum() / people) if people > 0 else np.nan


class LoneRun(NamedTuple):
    """A run in which one choice alone differs from the method: the choice, what it was set to in words, settings."""

    choice: str
    setting: str
    settings: Settings


def alone(dials: tuple[Dial, ...], groups: tuple[str, ...], own: Callable[[Dial], Any]) -> list[LoneRun]:
    """List the runs in which one choice alone differs from the method: each option, or both ends of its range.

    Parameters
    ----------
    dials : what can be turned; groups : the choices
    own : gives what the method itself has at a dial, so that this option is not run again

    """
    runs: list[LoneRun] = []
    for choice in groups:
        mine = [dial for dial in dials if dial.choice == choice]
        if mine[0].options is not None:
            for option, u in zip(mine[0].options, mine[0].ends(), strict=True):
                if option != own(mine[0]):
                    runs.append(LoneRun(choice, _text(option), settings_of((mine[0],), np.array([u]))))
        elif len(mine) == 1:
            for u in mine[0].ends():
                settings = settings_of((mine[0],), np.array([u]))
                runs.append(LoneRun(choice, _text(next(iter(settings.values()))), settings))
        else:  # several numbers: each alone, the others as they are
            for dial in mine:
                for u, end in zip(dial.ends(), ("low", "high"), strict=True):
                    settings = settings_of((dial,), np.array([u]))
                    runs.append(LoneRun(choice, f"{dial.places[0]} {end}", settings))
    return runs


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def match_labels(labels: Labels, reference: Labels, residents: Floats) -> Labels:
    """Give groups the numbers of the reference groups that they share most residents with; areas where none are known.

    Parameters
    ----------
    labels, reference : (n_areas,) groups from 0, -1 where none
    residents : (n_areas,)

    Returns
    -------
    (n_areas,): groups without a partner get numbers of their own, above those of the reference
    """
    sizes = (int(labels.max()) + 1, int(reference.max()) + 1)
    if min(sizes) <= 0:
        return labels.copy()
    shared = overlap(labels, reference, residents if residents.any() else np.ones(len(labels)), sizes)
    numbers = np.arange(sizes[0]) + sizes[1]
    for mine, other in zip(*linear_sum_assignment(-shared), strict=True):
        if shared[mine, other] > 0:
            numbers[mine] = other
    return np.where(labels >= 0, numbers[labels], -1)


def often_listed(listed: npt.NDArray[np.bool_], done: npt.NDArray[np.bool_]) -> Floats:
    """Give the share of the runs that were done in which each area is on the list: (n_areas,)."""
    share: Floats = listed[done].mean(axis=0) if done.any() else np.full(listed.shape[1], np.nan)
    return share
