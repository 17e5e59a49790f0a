"""Permanent random numbers: the same number for a person in every survey that uses the same salt.

A person's number is a keyed hash of the key of the person, so that nobody without the salt can tell who will be drawn.
The sample of a stratum is the persons whose numbers follow its start: simple random sampling (Ohlsson 1995,
Coordination of samples using permanent random numbers, in Cox and others, Business Survey Methods, section 9.2). A next
wave moves the start on, so that a planned part of the sample returns. A number never changes: a person whose area
changes group is drawn in the new stratum by the same number, and the sample there is still a simple random one.

Numbers are whole, from 0 to 2^64 - 1, and positions from a start are taken modulo 2^64. Neither numbers nor the salt
are written to any output.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels.siphash import siphash

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.uint64]
CIRCLE = 2.0**64
SHORTEST_SALT = 16  # bytes


def permanent_random(persons: pd.Series, salt: bytes) -> Numbers:
    """Give each person the permanent random number.

    Parameters
    ----------
    persons : keys of the persons as text, such as pseudonyms; no one twice, none missing
    salt : secret of the producer, at least 16 bytes; the same in all surveys that are coordinated

    Returns
    -------
    (n_persons,) numbers from 0 to 2^64 - 1: SipHash-2-4 of the UTF-8 key, under a hash of the salt

    Raises
    ------
    InputError  a key that is missing or stands twice, a salt that is too short

    Examples
    --------
    >>> numbers = permanent_random(pd.Series(["a", "b"]), b"sixteen bytes of salt")
    >>> again = permanent_random(pd.Series(["b", "c", "a"]), b"sixteen bytes of salt")
    >>> bool(numbers[0] == again[2]), bool(numbers[1] == again[0])
    (True, True)
    """
    if len(salt) < SHORTEST_SALT:
        raise InputError(Fault("the salt is too short", expected=f"at least {SHORTEST_SALT} bytes", got=str(len(salt))))
    missing = persons.isna()
    if missing.any():
        raise InputError(Fault("a person has no key", where=f"row {int(np.flatnonzero(missing)[0]) + 1}"))
    keys = pa.array(persons.astype(str), type=pa.large_string())
    _, offsets, data = keys.buffers()
    key = np.frombuffer(hashlib.blake2b(salt, digest_size=16).digest(), dtype="<u8").astype(np.uint64)
    numbers = np.empty(len(keys), dtype=np.uint64)
    text = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else np.zeros(0, dtype=np.uint8)
    siphash(text, np.frombuffer(offsets, dtype=np.int64)[: len(keys) + 1], key, numbers)
    ordered = np.sort(numbers)
    if (ordered[1:] == ordered[:-1]).any():  # of one key twice, or by a chance of 3 in a million
        twice = np.flatnonzero(persons.duplicated())
        if len(twice):
            raise InputError(Fault("a person stands twice", where=f"row {int(twice[0]) + 1}"))
    return numbers


def draw(numbers: Numbers, stratum: Whole, sizes: Whole, starts: Floats) -> npt.NDArray[np.bool_]:
    """Draw from each stratum the persons whose numbers follow its start.

    Parameters
    ----------
    numbers : (n_persons,) permanent random numbers
    stratum : (n_persons,) number of the stratum, from 0; -1 in none
    sizes : (n_strata,) persons to draw
    starts : (n_strata,) from 0 up to 1, on the circle of the numbers

    Returns
    -------
    (n_persons,) who is drawn. Two persons with one number, a chance of 3 in a million among ten million persons, are
    taken in the order of their rows.

    Raises
    ------
    InputError  strata with fewer persons than are to be drawn

    Examples
    --------
    >>> numbers = np.array([1, 2, 3, 4], dtype=np.uint64) << np.uint64(61)  # 1/8, 2/8, 3/8, 4/8
    >>> draw(numbers, np.zeros(4, dtype=int), np.array([2]), np.array([0.3]))
    array([False, False,  True,  True])
    """
    inside = np.flatnonzero(stratum >= 0)
    persons = np.bincount(stratum[inside], minlength=len(sizes))
    short = np.flatnonzero(persons < sizes)
    if len(short):
        raise InputError(
            [
                Fault("fewer persons than shall be drawn", f"stratum {each}", str(sizes[each]), str(persons[each]))
                for each in short[:20]
            ]
        )
    positions = numbers[inside] - (starts * CIRCLE).astype(np.uint64)[stratum[inside]]
    near = np.ones(len(inside), dtype=bool)
    expected = sizes / np.maximum(persons, 1)
    generous = expected + 8 * np.sqrt(expected / np.maximum(persons, 1)) + 20 / np.maximum(persons, 1)
    limit = np.where(generous < 1, generous, 2.0)
    near = positions < CIRCLE * limit[stratum[inside]]
    enough = np.bincount(stratum[inside][near], minlength=len(sizes)) >= sizes
    near |= ~enough[stratum[inside]]
    rows = inside[near]
    order = np.lexsort((positions[near], stratum[rows]))
    group = stratum[rows][order]
    first = np.searchsorted(group, np.arange(len(sizes)))
    drawn = np.zeros(len(numbers), dtype=bool)
    drawn[rows[order[np.arange(len(group)) - first[group] < sizes[group]]]] = True
    return drawn


def rotate(starts: Floats, sizes: Floats, persons: Floats, share: float) -> Floats:
    """Move the starts on so that a share of the sample is expected to return.

    Parameters
    ----------
    starts : (n_strata,) of the last wave
    sizes, persons : (n_strata,) of the last wave
    share : of the sample that shall be asked again; 1 keeps it, 0 takes others

    Returns
    -------
    (n_strata,) new starts. Starts of strata that were sampled at different rates move by different lengths: a person
    who changes stratum returns with the chance of the new one.

    Raises
    ------
    InputError  a share outside 0 to 1

    Examples
    --------
    >>> rotate(np.array([0.0]), np.array([10.0]), np.array([100.0]), 0.5)
    array([0.05])
    """
    if not 0 <= share <= 1:
        raise InputError(Fault("a share that returns lies between 0 and 1", got=f"{share:g}"))
    return np.asarray((starts + (1 - share) * sizes / persons) % 1.0)


@dataclass(frozen=True)
class Overlap:
    """How two waves share persons.

    Parameters
    ----------
    both : persons in both
    share : of the second wave
    moved : persons in both whose stratum is another now

    Examples
    --------
    >>> Overlap(both=450, share=0.5, moved=36).share
    0.5
    """

    both: int
    share: float
    moved: int


def realised_overlap(before: pd.Series, after: pd.Series) -> Overlap:
    """Count who is in both waves.

    Parameters
    ----------
    before, after : stratum of each drawn person, indexed by the key of the person

    Returns
    -------
    Overlap

    Examples
    --------
    >>> realised_overlap(pd.Series({"a": 1, "b": 2}), pd.Series({"b": 1, "c": 1}))
    Overlap(both=1, share=0.5, moved=1)
    """
    both = before.index.intersection(after.index)
    moved = int((before.loc[both].to_numpy() != after.loc[both].to_numpy()).sum())
    return Overlap(len(both), len(both) / len(after) if len(after) else 0.0, moved)
