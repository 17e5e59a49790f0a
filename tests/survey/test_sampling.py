import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.kernels.siphash import siphash
from regso_cluster.survey.sampling import draw, permanent_random, realised_overlap, rotate

SALT = b"a salt of thirty bytes or more"
CIRCLE = 2.0**64


def test_siphash_of_the_paper():
    """Appendix A: key 00 01 ... 0f, message 00 01 ... 0e; and the first three of the authors' vectors."""
    key = np.frombuffer(bytes(range(16)), dtype="<u8").astype(np.uint64)
    text, out = np.arange(15, dtype=np.uint8), np.empty(1, dtype=np.uint64)
    for length, expected in (
        (15, 0xA129CA6149BE45E5),
        (0, 0x726FDB47DD0E0E31),
        (1, 0x74F839C593DC67FD),
        (2, 0x0D6C8009D9A94F5A),
    ):
        siphash(text, np.array([0, length]), key, out)
        assert int(out[0]) == expected


def test_numbers_are_the_persons_own():
    persons = pd.Series([f"person {i}" for i in range(1000)])
    numbers = permanent_random(persons, SALT)
    shuffled = persons.sample(frac=1, random_state=1)
    assert (permanent_random(shuffled, SALT) == numbers[shuffled.index]).all()
    assert (permanent_random(persons, SALT + b"!") != numbers).all()
    assert np.isin(permanent_random(persons.iloc[::7], SALT), numbers).all()


def test_numbers_are_uniform_and_independent_of_the_key():
    numbers = permanent_random(pd.Series(np.arange(100_000).astype(str)), SALT) / CIRCLE
    counts = np.histogram(numbers, bins=50, range=(0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 100  # chi-square with 49 degrees of freedom: beyond by 2 in 100,000
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.015


def test_keys_that_are_missing_or_twice_and_short_salts_are_refused():
    for persons, salt, message in (
        (["a", None], SALT, "row 2: a person has no key"),
        (["a", "b", "a"], SALT, "row 3: a person stands twice"),
        (["a"], b"short", "the salt is too short"),
    ):
        with pytest.raises(InputError, match=message):
            permanent_random(pd.Series(persons), salt)


def naive_draw(numbers, stratum, sizes, starts):
    chosen = np.zeros(len(numbers), dtype=bool)
    for each, size in enumerate(sizes):
        rows = np.flatnonzero(stratum == each)
        positions = [(int(numbers[row]) - int(starts[each] * CIRCLE)) % 2**64 for row in rows]
        chosen[rows[np.argsort(positions, kind="stable")[:size]]] = True
    return chosen


@pytest.mark.parametrize("seed", range(5))
def test_a_draw_is_that_of_its_definition(seed):
    random = np.random.default_rng(seed)
    stratum = random.integers(-1, 6, 400)
    sizes = np.array([np.sum(stratum == each) // share for each, share in enumerate([1, 2, 3, 10, 20, 400])])
    numbers = random.integers(0, 2**64, 400, dtype=np.uint64)
    starts = random.random(6)
    assert (draw(numbers, stratum, sizes, starts) == naive_draw(numbers, stratum, sizes, starts)).all()


def test_too_few_persons_are_refused():
    with pytest.raises(InputError, match="stratum 1: fewer persons"):
        draw(np.arange(3, dtype=np.uint64), np.array([0, 0, 1]), np.array([1, 2]), np.zeros(2))


def test_the_planned_overlap_comes_with_movers_and_leavers():
    """Half shall return; 8 % change stratum and 5 % leave: 47.5 % return, and the sample of a stratum is random."""
    random = np.random.default_rng(24)
    strata, persons, size = 4, 2000, 200
    shares, errors = [], []
    for _ in range(60):
        numbers = random.integers(0, 2**64, strata * persons, dtype=np.uint64)
        before = np.repeat(np.arange(strata), persons)
        after = before.copy()
        movers = random.random(len(after)) < 0.08
        after[movers] = random.integers(0, strata, movers.sum())
        after[random.random(len(after)) < 0.05] = -1
        values = random.normal(size=len(after)) + after
        first = draw(numbers, before, np.full(strata, size), np.zeros(strata))
        starts = rotate(np.zeros(strata), np.full(strata, size), np.full(strata, persons), 0.5)
        second = draw(numbers, after, np.full(strata, size), starts)
        shares.append((first & second).sum() / second.sum())
        for each in range(strata):
            inside, drawn = after == each, (after == each) & second
            spread = values[inside].std(ddof=1) * np.sqrt((1 - drawn.sum() / inside.sum()) / drawn.sum())
            errors.append((values[drawn].mean() - values[inside].mean()) / spread)
    assert np.mean(shares) == pytest.approx(0.475, abs=0.01)
    assert np.mean(errors) == pytest.approx(0, abs=4 * np.std(errors) / np.sqrt(len(errors)))
    assert np.std(errors) == pytest.approx(1, abs=0.15)


def test_a_share_that_returns_is_one_and_overlap_is_counted():
    with pytest.raises(InputError, match="between 0 and 1"):
        rotate(np.zeros(1), np.ones(1), np.ones(1), 1.5)
    assert rotate(np.array([0.98]), np.array([10.0]), np.array([100.0]), 0.5) == pytest.approx([0.03])
    before = pd.Series({"a": 0, "b": 1, "c": 1})
    found = realised_overlap(before, pd.Series({"b": 0, "c": 1, "d": 1, "e": 0}))
    assert (found.both, found.share, found.moved) == (2, 0.5, 1)
    assert realised_overlap(before, pd.Series(dtype=float)).share == 0
