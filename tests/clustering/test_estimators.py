"""Checks that all estimators share."""

from __future__ import annotations

import numpy as np
import pytest

from regso_cluster.clustering._estimators import (
    check_choice,
    checked_weights,
    is_count,
    random_generator,
    seed_sequence,
)
from regso_cluster.errors import InputError


def test_weights():
    assert checked_weights(None, 2).tolist() == [1.0, 1.0]
    assert checked_weights([0, 2], 2).tolist() == [0.0, 2.0]
    assert checked_weights([1, 1e10, 0], 3).tolist() == [1.0, 1e10, 0.0]
    assert checked_weights(3, 2).tolist() == [3.0, 3.0]
    for wrong, message in [
        ([1.0], r"expected shape \(2,\), got shape \(1,\)"),
        ([[1.0], [1.0]], r"got shape \(2, 1\)"),
        ([1.0, -1.0], r"sample_weight\[1\].*weight 0"),
        ([np.nan, 1.0], r"sample_weight\[0\]"),
        ([np.inf, 1.0], r"sample_weight\[0\]"),
        ([0.0, 0.0], "all weights are zero"),
        ([1e-7, 1e4], "too far apart.*weight 0"),
    ]:
        with pytest.raises(InputError, match=message):
            checked_weights(wrong, 2)
    with pytest.raises(InputError, match=r"residents\[0\]: not a weight.*above 0.*Leave out"):
        checked_weights([0.0, 2.0], 2, "residents", positive=True)


def test_counts_are_whole_numbers():
    assert is_count(1)
    assert is_count(np.int32(3))
    assert is_count(0, 0)
    assert not any(is_count(value) for value in (0, 1.0, True, "1", None))


def test_a_seed_is_an_integer_or_one_draw():
    assert seed_sequence(np.int64(5)).entropy == 5
    assert seed_sequence(np.random.RandomState(5)).entropy == np.random.RandomState(5).randint(2**31)
    assert seed_sequence(None).entropy != seed_sequence(None).entropy
    assert seed_sequence(np.random.default_rng(5)).entropy == seed_sequence(np.random.default_rng(5)).entropy
    assert seed_sequence(np.random.default_rng(5)).entropy != seed_sequence(np.random.default_rng(6)).entropy


def test_a_generator_moves_on_with_each_use():
    generator = np.random.default_rng(5)
    assert random_generator(generator).randint(2**31) != random_generator(generator).randint(2**31)


def test_choices_are_names():
    check_choice("init", "random", ("random", "build"))
    for value in ("first", None, ["random"], np.zeros(2)):
        with pytest.raises(ValueError, match=r"init must be one of \['build', 'random'\], got"):
            check_choice("init", value, ("random", "build"))
