"""Ranks under varied weights, and posterior draws with all labels, against the same job in plain numpy and scipy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
from harness import Case, Contender, data, shape

DRAWS = 10_000


def _weights(p: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0.75, 1.25, (DRAWS, p)) / p


def _ours(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    from regso_cluster.certainty.drawn_ranks import rank_interval, rank_into
    from regso_cluster.kernels.ranks import score_draws

    columns, rank = np.ascontiguousarray(X.T), np.empty((len(X), len(weights)), np.uint16)
    for begin in range(0, len(weights), 500):
        score = np.empty((min(500, len(weights) - begin), len(X)))
        score_draws(weights[begin : begin + 500], columns, score)
        rank_into(score, begin, rank)
    return np.stack(rank_interval(rank, 0.9))


def _numpy(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    score = weights @ X.T
    rank = np.empty(score.shape, np.uint16)
    np.put_along_axis(rank, np.argsort(-score, axis=1), np.arange(1, len(X) + 1, dtype=np.uint16)[None], axis=1)
    places = [int(0.05 * (len(weights) - 1)), len(weights) - 1 - int(0.05 * (len(weights) - 1))]
    return np.partition(rank, places, axis=0)[places].astype(np.int64)


def _scipy(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    from scipy import stats

    rank = stats.rankdata(-(weights @ X.T), method="min", axis=1).astype(np.uint16)
    places = [int(0.05 * (len(weights) - 1)), len(weights) - 1 - int(0.05 * (len(weights) - 1))]
    return np.partition(rank, places, axis=0)[places].astype(np.int64)


@cache
def country() -> dict[str, Any]:
    """Classify the synthetic country once, without its certainty: what draws start from."""
    import calibration

    from regso_cluster.certainty.priors import posteriors_of
    from regso_cluster.classification.classify import _before, _measure
    from regso_cluster.judging.case import as_counted
    from regso_cluster.judging.judge import judge

    method = calibration.load_method("utanforskap")
    method = replace(method, certainty=replace(method.certainty, draws=DRAWS))
    table = calibration.count(calibration.planted(0), method, 0)
    case = as_counted(table, method)
    yardstick, _ = _measure(case, _before(None, None), None)
    areas = judge(case, yardstick).rename_axis("regso")
    return {"case": case, "areas": areas, "yardstick": yardstick,
            "posterior": posteriors_of(case, np.random.default_rng(0))[0]}  # fmt: skip


def _labels() -> np.ndarray:
    from regso_cluster.certainty.labels import measure_labels

    given = country()
    found = measure_labels(given["case"], given["areas"], given["yardstick"], np.random.default_rng(0))
    return found.columns["composite_group_probability"].to_numpy()


def _labels_in_numpy() -> np.ndarray:
    """The same labels from plain numpy: one Beta or Gamma an area and factor, the likeliest; no classes."""
    from regso_cluster.certainty.simulation import groups_by_set

    given = country()
    method, yardstick, used = given["case"].method, given["yardstick"], given["case"].used.to_numpy()
    posterior, random = given["posterior"], np.random.default_rng(0)
    likeliest = posterior.weight[posterior.start[:-1]].argmax(axis=2, keepdims=True)
    a, b = (np.take_along_axis(part, likeliest, axis=2)[:, :, 0] for part in (posterior.first, posterior.second))
    events = np.array([factor.unit == "per 1000" for factor in method.factors])
    sign = np.array([factor.sign for factor in method.factors])
    limit = sign * [yardstick.limits[key] for key in method.keys]
    cuts = sign[:, None] * np.array([yardstick.tiers[key] for key in method.keys])
    scale = {use: np.array([[one[key][part] for key in method.keys] for part in ("centre", "spread")])
             for use, one in yardstick.scales.items()}  # fmt: skip
    centres, group_of, bits = np.array(yardstick.centres), groups_by_set(method), 1 << np.arange(len(sign))
    seen, n = ~np.isnan(used), len(used)
    groups, clusters = np.zeros((n, 4)), np.zeros((n, len(centres)))
    tiers, problems = np.zeros((n, len(sign), cuts.shape[1] + 1)), np.zeros((n, len(sign)))
    rank, row = np.empty((DRAWS, n), np.uint16), np.arange(n)
    for draw in range(DRAWS):
        value = sign * np.where(events, 1000 * random.gamma(a) / b, 100 * random.beta(a, b))
        beyond = value > limit
        problems += beyond
        groups[row, group_of[beyond @ bits]] += 1
        tier = (value[:, :, None] < cuts).sum(axis=2)
        np.put_along_axis(tiers, tier[:, :, None], np.take_along_axis(tiers, tier[:, :, None], 2) + 1, 2)
        score = np.where(seen, (value - scale["index"][0]) / scale["index"][1], 0.0).sum(axis=1) / seen.sum(axis=1)
        rank[draw, np.argsort(-score)] = row + 1
        z = (value - scale["clusters"][0]) / scale["clusters"][1]
        square = (np.where(seen, 1.0, 0.0)[:, None] * (z[:, None] - centres) ** 2).sum(axis=2)
        clusters[row, square.argmin(axis=1)] += 1
    np.partition(rank, [500, 9499], axis=0)
    own = given["areas"]["composite_group"].to_numpy(float, na_value=np.nan)
    known = ~np.isnan(own)
    return groups[known, own[known].astype(int) - 1] / DRAWS


def _ranking(size: str) -> Case:
    X, weights = data(size)[0], _weights(shape(size)[1])
    jobs = (("regso_cluster", _ours), ("numpy", _numpy), ("scipy", _scipy))
    ways = [Contender(name, partial(job, X, weights), lambda found: float(found.sum())) for name, job in jobs]
    return Case(f"ranks and 90 % intervals, {DRAWS:,} weight draws", size, tuple(ways))


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    """Give the cases of some sizes; draws with labels are of the country's own size."""
    for size in sizes:
        if shape(size)[0] > 10_000:
            continue
        yield _ranking(size)
        if size == "3363x6":
            ways = (
                Contender("regso_cluster", _labels, _mean, "with the prior, 20 classes on 8 resamples, and all tables"),
                Contender("numpy", _labels_in_numpy, _mean, "draws and labels alone, one class, prior given"),
            )
            yield Case(f"{DRAWS:,} posterior draws, all labels and intervals", size, ways, 3)


def _mean(chance: np.ndarray) -> float:
    return float(np.nanmean(chance))
