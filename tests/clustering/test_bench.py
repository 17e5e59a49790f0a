"""The short benchmark: what it reports, not how fast."""

from __future__ import annotations

import numpy as np
import pytest

from regso_cluster.clustering import bench


def test_every_job_has_ours_and_a_peer_with_quality(monkeypatch):
    small = tuple((job, 60, 3, make) for job, _, _, make in bench.JOBS)
    monkeypatch.setattr(bench, "JOBS", small)
    frame = bench.run_short(threads=1)
    assert list(frame.columns) == [
        "job",
        "areas",
        "factors",
        "contender",
        "seconds",
        "quality",
        "times_ours",
    ]
    assert (frame["seconds"] > 0).all()
    assert (frame.loc[frame["contender"] == "regso_cluster", "times_ours"] == 1).all()
    assert np.isfinite(frame["quality"]).all()
    assignment = frame[frame["job"].str.startswith("nearest")]
    assert assignment["contender"].nunique() == 3
    # all contenders do the same job
    for job in ("all distances", "Ward's hierarchy", "Ward among neighbours, 8 regions", "silhouette"):
        found = frame.loc[frame["job"] == job, "quality"].to_numpy()
        assert found == pytest.approx(np.full(2, found[0])), job
    assert assignment["quality"].to_numpy() == pytest.approx(assignment["quality"].iloc[0])


def test_synthetic_data_are_the_same_each_time():
    X, weights = bench.synthetic(10, 2)
    again, _ = bench.synthetic(10, 2)
    assert X.tobytes() == again.tobytes()
    assert (weights >= 1).all()
