from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from regso_cluster.certainty.simulation import _NODES, _is_line, _positions, _split, quantile_table
from regso_cluster.kernels._threads import threads
from regso_cluster.kernels.draws import Areas, Chances, Counted, Rules, Tables, Work, draw_labels
from regso_cluster.method import Scale
from tests.kernels import naive_draws as naive

SHAPES = [(10.5, 90.5), (0.5, 40.5), (700.0, 3.0), (3e5, 7e5), (2.0, 2.0), (0.5, 0.5), (1e8, 3e8)]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_quantiles_of_beta_are_those_of_scipy(a, b):
    found = quantile_table(np.array([a]), np.array([b]), np.array([False]))[0]
    expected = stats.beta.ppf(stats.norm.cdf(_NODES), a, b)
    sd = stats.beta.std(a, b)
    inner = np.abs(_NODES) <= 3
    assert np.abs(found - expected)[inner].max() < 0.01 * sd
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(("shape", "rate"), [(0.5, 100.0), (5.5, 1000.0), (400.0, 20000.0)])
def test_quantiles_of_gamma_are_those_of_scipy(shape, rate):
    found = quantile_table(np.array([shape]), np.array([rate]), np.array([True]))[0]
    expected = stats.gamma.ppf(stats.norm.cdf(_NODES), shape, scale=1 / rate)
    inner = np.abs(_NODES) <= 3
    assert np.abs(found - expected)[inner].max() < 0.01 * np.sqrt(shape) / rate


def test_a_number_is_a_quantile():
    positions = _positions()
    assert positions.min() > 0
    assert positions.max() < len(_NODES) - 1
    assert (np.diff(positions) > 0).all()
    # the middle number is the middle node, the median
    assert positions[32767] == pytest.approx((len(_NODES) - 1) / 2, abs=1e-3)


def test_numbers_are_parted_among_components():
    begins, stretch = _split(np.array([[[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]]]))
    assert begins.tolist() == [[[0, 16384, 16384], [0, 0, 65536]]]
    assert (65536 / stretch).tolist() == [[[16384, 1, 49152], [1, 65536, 1]]]  # 1: not used, and no division by 0


def case(seed=0, n=30, p=3, rows=2, draws=25):
    """Random tables whose three kinds of score are equal, so that the twin needs the values alone."""
    random = np.random.default_rng(seed)
    nodes = 19
    value = np.sort(random.standard_normal((n, p, 3, nodes)), axis=3).reshape(n, p, -1)
    parts = np.tile([0.25, 0.0, 0.75], (n * rows, p, 1))  # the second component is never picked
    parts[::3] = [0.0, 0.4, 0.6]  # nor the first
    parts[1::3] = [1.0, 0.0, 0.0]  # nor any but the first
    split, stretch = _split(parts)
    chance = np.tile([0.3, 0.7], n)
    seen = random.random((n, p)) < 0.8
    return {
        "number": random.integers(0, 65536, (n, draws, p + 1), dtype=np.uint16), "position": _positions(),
        "start": np.arange(0, n * rows + 1, rows), "cumulative": np.tile([0.3, 1.0], n), "split": split,
        "stretch": stretch, "value": value,
        "index_score": value, "cluster_score": value,
        "lines": np.zeros((2, 2, p)), "drawable": seen | (random.random((n, p)) < 0.5), "seen": seen,
        "assessed": np.arange(n) != 4, "has_index": seen.any(axis=1) & (np.arange(n) != 4),
        "limit": random.standard_normal(p) / 2, "strict": np.array([True, False, True]),
        "group_of": np.array([2, 1, 1, 1, 1, 0, 1, 0]), "cuts": -np.sort(-random.standard_normal((p, 2)), axis=1),
        "weight": np.array([1.0, 2.0, 0.5]), "rescale": True, "rounding": 0.0, "bands": np.array([0.4, -0.2]),
        "centres": random.standard_normal((3, p)),
    }, chance  # fmt: skip


def run(given, n_threads=1):
    n, draws, p = given["number"].shape[0], given["number"].shape[1], given["number"].shape[2] - 1
    # 3 problems, 3 x 3 tiers, 3 groups and "open", 3 bands, 3 clusters
    slots = np.array([0, 3, 12, 16, 19])
    counts, sizes = np.zeros((n, 22), np.int64), np.zeros((4, 22, draws), np.uint16)
    score = np.empty((draws, n))
    with threads(n_threads):
        draw_labels(*arguments(given, slots), spaces(p, draws), Counted(counts, sizes, score))
    return counts, sizes.sum(axis=0, dtype=np.int64).T, score


def arguments(given, slots):
    parts = (kind(*(given[name] for name in kind._fields)) for kind in (Chances, Tables, Areas))
    return given["number"], *parts, Rules(*(given[name] for name in Rules._fields[:-1]), slots)


def spaces(p, draws):
    """Work space of four chunks, full of what must not be read."""
    return Work(np.full((4, p + 5, draws), np.nan), np.full((4, 3, draws), -9), np.full((4, draws), 9, np.uint16))


@pytest.mark.parametrize("rescale", [True, False])
def test_labels_are_those_of_the_twin(rescale):
    given, _ = case()
    given["rescale"] = rescale
    counts, sizes, score = run(given)
    expected, drawn, scored = np.zeros_like(counts), np.zeros_like(sizes), np.zeros_like(score)
    for i in np.flatnonzero(given["assessed"]):
        for d in range(score.shape[0]):
            number = given["number"][i, d]
            row = given["start"][i] + int((number[3] + 0.5) / 65536 >= 0.3)
            values = [
                naive.drawn(number[f], given["split"][row, f], given["value"][i, f].reshape(3, 19), given["position"])
                for f in range(3)
            ]
            rest = ("limit", "strict", "group_of", "cuts", "weight")
            seen = given["seen"][i]
            beyond, tiers, group, index, band, cluster = naive.judge(
                values, seen if seen.any() else [True] * 3, given["drawable"][i], *(given[name] for name in rest),
                rescale, given["bands"], given["centres"],
            )  # fmt: skip
            labels = [f for f in range(3) if beyond[f]]
            labels += [3 + 3 * f + tiers[f] for f in range(3) if tiers[f] is not None]
            labels.append(12 + (3 if group is None else group))
            if given["has_index"][i]:
                labels.append(16 + band)
                scored[d, i] = index
            if seen.any():
                labels.append(19 + cluster)
            expected[i, labels] += 1
            drawn[d, labels] += 1
    assert np.array_equal(counts, expected)
    assert np.array_equal(sizes, drawn)
    np.testing.assert_allclose(score, scored, atol=1e-12)
    assert counts[4].sum() == 0


def test_only_plain_scales_are_lines():
    assert all(_is_line(Scale(kind)) for kind in ("none", "z", "robust_z"))
    bent = [Scale("z", winsorise=(0.01, 0.99)), Scale("z", transform="log"), Scale("z", decimals=1)]
    bent += [Scale(kind) for kind in ("percent_rank", "exponential_rank", "min_max")]
    assert not any(_is_line(scale) for scale in bent)


def test_a_line_is_the_table_of_that_line():
    given, _ = case()
    add, times = np.array([0.5, -1.0, 2.0]), np.array([2.0, 0.25, 1.5])
    given["index_score"] = given["value"] * times[:, None] + add[:, None]
    given["cluster_score"] = given["value"] * 3 - 1
    tables = run(given)
    given["index_score"] = given["cluster_score"] = np.zeros((1, 1, 1))
    given["lines"] = np.array([[add, times], [[-1.0] * 3, [3.0] * 3]])
    for one, two in zip(run(given), tables, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-12)


def test_a_value_on_its_limit():
    given, _ = case(p=3)
    given["value"][:] = 1.0
    given["limit"][:] = 1.0
    given["drawable"][:] = True
    given["index_score"][:] = 1.0
    given["seen"][:] = given["has_index"][:] = True
    given["cuts"][:] = given["bands"][:] = [1.0, 0.5]
    counts, _, _ = run(given)
    # a value on a cut is in the worse tier, an index on a cut in the worse band
    assert counts[0, 3:12].tolist() == [25, 0, 0] * 3
    assert counts[0, 16:19].tolist() == [25, 0, 0]
    # strict, not strict, strict: only the second is a problem on its limit
    assert counts[0, :3].tolist() == [0, 25, 0]


def test_an_index_is_rounded_as_numpy_does():
    given, _ = case()
    _, _, exact = run(given)
    given["rounding"], given["bands"] = 10.0, np.array([0.4, -0.2])
    counts, _, score = run(given)
    assert np.array_equal(score, exact.round(1))
    bands = (score.T[:, :, None] < given["bands"]).sum(axis=2)[given["has_index"]]
    assert counts[given["has_index"], 16:19].tolist() == [np.bincount(one, minlength=3).tolist() for one in bands]


def test_between_two_centres_the_first_is_the_nearest():
    given, _ = case(p=3)
    given["value"][:] = 0.0
    given["seen"][:] = given["drawable"][:] = given["has_index"][:] = True
    given["centres"] = np.array([[9.0, 9.0, 9.0], [-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    counts, _, _ = run(given)
    assert counts[0, 19:22].tolist() == [0, 25, 0]


def test_the_same_at_one_and_two_threads():
    given, _ = case(1)
    for one, two in zip(run(given, 1), run(given, 2), strict=True):
        assert one.tobytes() == two.tobytes()


def test_labels_not_asked_for_are_not_counted():
    given, _ = case()
    n, draws = given["number"].shape[:2]
    counts, sizes, score = np.zeros((n, 3), np.int64), np.zeros((4, 3, draws), np.uint16), np.empty((draws, n))
    slots = np.array([-1, -1, -1, -1, 0])
    draw_labels(*arguments(given, slots), spaces(3, draws), Counted(counts, sizes, score))
    known = given["assessed"] & given["seen"].any(axis=1)
    assert (counts.sum(axis=1) == np.where(known, draws, 0)).all()
