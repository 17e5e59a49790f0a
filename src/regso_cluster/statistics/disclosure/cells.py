"""The cells of linked tables: which there are, and which sums tie them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

TOTAL = "total"
CROSSING = "crossing"


@dataclass(frozen=True)
class Margins:
    """The groups of units that linked tables show, from the total to the finest, and their sums.

    Parameters
    ----------
    labels : a row a group: `level` (the column that parts it from its parent, "total" or "crossing"), then a column for
        each key, missing where the group is not parted by it
    parents : (equations, groups): each row says that a group less its parts is 0
    atom : (groups, atoms) 0/1: which of the finest groups a group holds
    published : (groups,) False for groups that no table shows, and that differences of tables would show
    depth : (groups,) 0 for the total, 1 for its parts ...
    rows : (rows of the data,) the atom that a row belongs to
    block : (levels of the longest table, groups) for each level the group of it that holds a group whole; -1 for none
    """

    labels: pd.DataFrame
    parents: sparse.csr_array
    atom: sparse.csr_array
    published: Booleans
    depth: Integers
    rows: Integers
    block: Integers

    def sums(self, values: Floats) -> Floats:
        """Add values of rows to every group; (rows,) to (groups,)."""
        atoms = np.bincount(self.rows, weights=values, minlength=self.atom.shape[1])
        return np.asarray(self.atom @ atoms, dtype=np.float64)


class _Level(NamedTuple):
    """The groups of one level: (atoms,) the group of each atom, how many there are, and a row of labels a group."""

    of: Integers
    size: int
    labels: pd.DataFrame


def make_margins(keys: pd.DataFrame, paths: Sequence[Sequence[str]], *, total: bool = True) -> Margins:
    """Find the groups of linked tables and the sums among them.

    Parameters
    ----------
    keys : (rows, columns) text without missing cells
    paths : for each table its keys from the widest to the finest, as ("lan", "kommun", "regso") or ("cluster",);
        tables are linked by their total, by levels they share, and by the units behind them
    total : whether the total over everything is shown

    Notes
    -----
    Where two tables part the units in ways that cross, the parts that both cut out are cells too, though no table shows
    them: a difference of two groups may be a single area (Duke-Williams and Rees 1998).
    """
    columns = list(dict.fromkeys(column for path in paths for column in path))
    rows, atoms = _number(keys[columns])
    count = len(atoms)
    levels: dict[tuple[str, ...], _Level] = {}
    depths: dict[tuple[str, ...], int] = {}
    for path in paths:
        for depth in range(0 if total else 1, len(path) + 1):
            own = tuple(path[:depth])
            if own not in levels:
                of, labels = _number(atoms[list(own)]) if own else (np.zeros(count, np.int64), pd.DataFrame(index=[0]))
                levels[own] = _Level(of, len(labels), labels)
                depths[own] = depth
    finest = [tuple(path) for path in paths if levels[tuple(path)].size == count]
    if not finest:
        crossing = ("", *columns)
        levels[crossing] = _Level(np.arange(count), count, atoms)
        depths[crossing] = max(depths.values()) + 1
        finest = [crossing]
    links = [(tuple(path[:depth]), tuple(path[: depth + 1])) for path in paths for depth in range(not total, len(path))]
    links += [(tuple(path), finest[0]) for path in paths if tuple(path) != finest[0]]
    longest = max(paths, key=len)
    main = [levels[tuple(longest[:depth])].of if depth or total else np.zeros(count, np.int64)
            for depth in range(len(longest))]  # fmt: skip
    return _assemble(levels, depths, list(dict.fromkeys(links)), columns, rows, np.array(main))


def _number(keys: pd.DataFrame) -> tuple[Integers, pd.DataFrame]:
    """Number the distinct rows in their order; (rows,) numbers and the distinct rows."""
    grouped = keys.groupby(list(keys.columns), sort=True)
    distinct = grouped.size().index.to_frame(index=False)
    return np.asarray(grouped.ngroup(), dtype=np.int64), distinct


def _assemble(
    levels: dict[tuple[str, ...], _Level],
    depths: dict[tuple[str, ...], int],
    links: list[tuple[tuple[str, ...], tuple[str, ...]]],
    columns: list[str],
    rows: Integers,
    main: Integers,
) -> Margins:
    starts = dict(zip(levels, np.cumsum([0, *(size for _, size, _ in levels.values())]), strict=False))
    number = sum(size for _, size, _ in levels.values())
    blocks = []
    for wide, fine in links:
        (wide_of, wide_size, _), (fine_of, fine_size, _) = levels[wide], levels[fine]
        parent = np.zeros(fine_size, np.int64)
        parent[fine_of] = wide_of
        row = np.concatenate([np.arange(wide_size), parent])
        column = np.concatenate([starts[wide] + np.arange(wide_size), starts[fine] + np.arange(fine_size)])
        data = np.concatenate([np.ones(wide_size), -np.ones(fine_size)])
        blocks.append(sparse.csr_array((data, (row, column)), shape=(wide_size, number)))
    atom = [
        sparse.csr_array((np.ones(len(of)), (of, np.arange(len(of)))), shape=(size, len(of)))
        for of, size, _ in levels.values()
    ]
    labels = pd.concat(
        [
            part.assign(level=CROSSING if own[:1] == ("",) else own[-1] if own else TOTAL)
            for own, (_, _, part) in levels.items()
        ],
        ignore_index=True,
    ).reindex(columns=["level", *columns])
    holds = sparse.csr_array(sparse.vstack(atom))
    first = np.minimum.reduceat(main[:, holds.indices], holds.indptr[:-1], axis=1)
    last = np.maximum.reduceat(main[:, holds.indices], holds.indptr[:-1], axis=1)
    return Margins(
        block=np.where(first == last, first, -1),
        labels=labels,
        parents=sparse.csr_array(sparse.vstack(blocks)) if blocks else sparse.csr_array((0, number)),
        atom=holds,
        published=np.repeat([own[:1] != ("",) for own in levels], [size for _, size, _ in levels.values()]),
        depth=np.repeat([depths[own] for own in levels], [size for _, size, _ in levels.values()]),
        rows=rows,
    )


@dataclass(frozen=True)
class TableCells:
    """All cells that an intruder may reason about, shown or not.

    Parameters
    ----------
    value : (n,) true values
    equations : (m, n): equations @ value is 0
    lower, upper : (n,) what anyone knows of a cell
    whole : (n,) whether the cell is a whole number
    hideable : (n,) whether protecting may hide the cell
    depth : (n,) level of the cell, 0 the widest
    cost : (n,) what is lost when a cell is hidden
    block : (levels, n) for each level the group of the longest table that holds the cell whole; -1 for none
    """

    value: Floats
    equations: sparse.csr_array
    lower: Floats
    upper: Floats
    whole: Booleans
    hideable: Booleans
    depth: Integers
    cost: Floats
    block: Integers

    def split(self, level: int) -> TableCells:
        """Part the equations by the groups of a level, in deviations from the true values.

        A deviation that agrees with the parted equations agrees with the whole ones, where no cell outside moves: what
        is possible in one kommun by itself is possible.
        """
        inside = (self.block[level] >= 0) & (self.depth > level)
        entries = sparse.coo_array(self.equations)
        own = inside[entries.col]
        row, column, data = entries.row[own], entries.col[own], entries.data[own]
        pair = row.astype(np.int64) * (int(self.block[level].max(initial=0)) + 1) + self.block[level][column]
        distinct, new = np.unique(pair, return_inverse=True)
        return replace(
            self,
            value=np.zeros(len(self.value)),
            equations=sparse.csr_array((data, (new, column)), shape=(len(distinct), len(self.value))),
            lower=np.where(inside, self.lower - self.value, 0.0),
            upper=np.where(inside, self.upper - self.value, 0.0),
            hideable=self.hideable & inside,
        )
