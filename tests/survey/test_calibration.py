"""g-weights of Deville and Särndal's and of Kalton and Flores-Cervantes' examples; the school data of R's survey."""

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.survey.calibration import Distance, Known, calibrate, calibrated_design, margin_indicators
from regso_cluster.survey.design import Design, Stage, stratified
from regso_cluster.survey.estimates import linearise_mean

# example 1 of calib, R package sampling
ROWS = np.array([(1, 0, i) for i in range(1, 6)] + [(0, 1, i) for i in range(6, 11)], dtype=float)
TEN = Known(ROWS, np.array([24, 26, 290.0]), ("first", "second", "size"))


@pytest.mark.parametrize(
    ("distance", "g", "digits"),
    [
        (Distance("linear"), [0.76, 0.86, 0.96, 1.06, 1.16, 0.84, 0.94, 1.04, 1.14, 1.24], 1e-10),
        (
            Distance("raking"),
            [
                *[0.77743105, 0.85956923, 0.95038558, 1.05079698, 1.16181717],
                *[0.84221697, 0.93120000, 1.02958438, 1.13836339, 1.25863527],
            ],
            2e-8,
        ),
        (
            Distance("truncated", 0.75, 1.2),
            [0.75, 0.85125, 0.95875, 1.06625, 1.17375, 0.83875, 0.94625, 1.05375, 1.16125, 1.2],
            1e-10,
        ),
        (  # printed where the package stopped, at 1e-6
            Distance("logit", 0.75, 1.2),
            [0.772688, 0.826370, 0.948165, 1.088317, 1.164460, 0.822755, 0.941743, 1.083366, 1.162510, 1.189622],
            2e-6,
        ),
    ],
)
def test_ten_units(distance, g, digits):
    found = calibrate(np.full(10, 5.0), TEN, distance)
    assert found.g == pytest.approx(g, abs=digits)
    assert found.weights @ ROWS == pytest.approx(TEN.totals, rel=1e-9)
    assert found.margins["after"].to_numpy() == pytest.approx(TEN.totals, rel=1e-9)


# Kalton and Flores-Cervantes (2003): rows are the classes of a, columns those of b
SAMPLE = np.array([[20, 40, 40], [50, 140, 310], [100, 50, 50], [30, 100, 70.0]])
PERSONS = np.array([[80, 40, 55], [60, 150, 340], [170, 60, 200], [55, 165, 125.0]])
A, B = (index.ravel() for index in np.indices(SAMPLE.shape))
MARGINS = Known(
    np.column_stack([A[:, None] == np.arange(4), B[:, None] == np.arange(3)]).astype(float),
    np.r_[PERSONS.sum(axis=1), PERSONS.sum(axis=0)],
    ("a1", "a2", "a3", "a4", "b1", "b2", "b3"),
)
G = {
    "raking": "1.81080509 1.45282194 2.01677551 1.08356444 .86935154 1.20681472 2.19608910 1.76193807 2.44588373 "
    "1.83322553 1.47081002 2.04174617",
    "linear": "1.81531065 1.50218192 1.96516275 1.09476774 .78163901 1.24461984 2.19081916 1.87769043 2.34067126 "
    "1.82911613 1.51598740 1.97896823",
    "truncated": "1.80918611 1.48324364 1.98716330 1.08091803 .75497557 1.25889522 2.2 2.0 2.2 1.82567921 1.49973675 "
    "2.00365641",
    "logit": "1.87450589 1.46071448 1.97703257 1.08444201 .73602668 1.26688440 2.16520983 2.09192354 2.17765679 "
    "1.89222661 1.48931508 1.99002419",
}


@pytest.mark.parametrize("form", list(G))
def test_two_margins(form):
    found = calibrate(SAMPLE.ravel(), MARGINS, Distance(form, 0.5, 2.2))
    assert found.g == pytest.approx(np.array(G[form].split(), dtype=float), abs=2e-8)


def test_post_stratification_is_one_margin_of_cells():
    cells = Known(np.eye(12), PERSONS.ravel(), tuple(map(str, range(12))))
    found = calibrate(SAMPLE.ravel(), cells)
    printed = ["4.00", "1.00", "1.38", "1.20", "1.07", "1.10", "1.70", "1.20", "4.00", "1.83", "1.65", "1.79"]
    assert found.g == pytest.approx(np.array(printed, dtype=float), abs=0.005)


def schools(shared):
    rows = pd.read_csv(shared / "data/survey/apiclus1.csv")
    count = len(rows)
    stage = Stage(np.zeros(count, int), pd.factorize(rows["dnum"], sort=True)[0], np.full(count, 15 / 757))
    kinds = (rows["stype"].to_numpy()[:, None] == np.array(["E", "H", "M"])).astype(float)
    wide = (rows["sch.wide"].to_numpy()[:, None] == np.array(["No", "Yes"])).astype(float)
    return rows, Design(np.full(count, 33.846996307373), (stage,)), kinds, wide, rows[["api99"]].to_numpy(dtype=float)


KINDS, WIDE, SCORES = [4421, 755, 1018], [1072, 5122], [3914069]


@pytest.mark.parametrize(
    ("auxiliaries", "totals", "distance", "expected"),
    [
        ("kinds", KINDS, Distance("linear"), (642.3107882, 23.9204865, 3680892.945, 406292.636)),
        ("one scores", [6194, *SCORES], Distance("linear"), (666.7177363, 3.2958809, 3357372.048, 243227.187)),
        ("kinds wide", KINDS + WIDE, Distance("raking"), (641.2303209, 23.7036169, 3647280.148, 400603.257)),
        ("kinds scores", KINDS + SCORES, Distance("linear"), (665.3090712, 3.4417531, 3638487.204, 385524.427)),
        ("kinds scores", KINDS + SCORES, Distance("raking"), (665.3937960, 3.4377535, 3616588.564, 387618.631)),
        ("kinds scores", KINDS + SCORES, Distance("logit", 0.5, 2), (665.4148441, 3.4286538, 3640110.402, 382851.165)),
    ],
)
def test_school_data_with_their_variance(shared, auxiliaries, totals, distance, expected):
    rows, draw, kinds, wide, scores = schools(shared)
    named = {"kinds": kinds, "wide": wide, "scores": scores, "one": np.ones((len(rows), 1))}
    values = np.hstack([named[name] for name in auxiliaries.split()])
    found = calibrated_design(
        draw, Known(values, np.array(totals, dtype=float), tuple(map(str, range(len(totals))))), distance
    )
    mean, linearised = linearise_mean(found.weights, rows["api00"].to_numpy(dtype=float))
    enrolled = rows["enroll"].to_numpy(dtype=float)
    error = np.sqrt(found.covariance_of_totals(linearised[:, None])[0, 0])
    total_error = np.sqrt(found.covariance_of_totals(enrolled[:, None])[0, 0])
    assert (mean, error) == pytest.approx(expected[:2], abs=2e-7)
    assert (found.weights @ enrolled, total_error) == pytest.approx(expected[2:], abs=4e-3)


def test_a_figure_that_is_calibrated_to_has_no_variance():
    draw = stratified(np.array([0, 0, 0, 1, 1, 1]), np.array([30.0, 60.0]))
    known = Known(np.column_stack([np.ones(6), np.arange(6.0)]), np.array([90.0, 300.0]), ("persons", "sum"))
    found = calibrated_design(draw, known, Distance("linear"))
    assert np.abs(found.covariance_of_totals(known.values)).max() < 1e-9
    other = np.array([1.0, 0, 1, 0, 1, 1])[:, None]
    assert found.covariance_of_totals(other)[0, 0] > 0


def test_margins_from_a_table():
    answers = pd.DataFrame({"sex": list("fmfm"), "group": [1, 1, 2, 2]})
    known = margin_indicators(answers, {"sex": pd.Series({"f": 60, "m": 40}), "group": pd.Series({1: 70, 2: 30})})
    found = calibrate(np.full(4, 25.0), known)
    assert found.weights == pytest.approx([42, 28, 18, 12])


def test_what_is_wrong_with_margins_is_named():
    answers = pd.DataFrame({"sex": ["f", "x"], "group": [1, 1]})
    with pytest.raises(InputError) as refused:
        margin_indicators(answers, {"sex": pd.Series({"f": 60, "m": 40}), "group": pd.Series({1: 70, 2: 25})})
    whats = [fault.what for fault in refused.value.faults]
    assert whats == [
        "a class of the answers has no known total",
        "nobody of m answered",
        "nobody of 2 answered",
        "margins add up to different numbers of persons",
    ]


def test_totals_out_of_reach_are_named_with_the_nearest():
    with pytest.raises(InputError) as refused:
        calibrate(np.full(10, 5.0), Known(ROWS, np.array([24, 26, 490.0]), TEN.names), Distance("truncated", 0.9, 1.1))
    assert [fault.where for fault in refused.value.faults] == ["size"]
    negative = Known(np.array([[1.0], [2.0]]), np.array([-3.0]), ("debt",))
    with pytest.raises(InputError, match="debt: no weights"):
        calibrate(np.ones(2), negative)  # raking keeps weights above 0
    assert calibrate(np.ones(2), negative, Distance("linear")).weights @ [1, 2] == pytest.approx(-3)


def test_contradictions_and_bad_numbers_are_named():
    both = np.hstack([ROWS, ROWS[:, :1] + ROWS[:, 1:2]])
    with pytest.raises(InputError, match="first, second, all: known totals contradict"):
        calibrate(np.full(10, 5.0), Known(both, np.array([24, 26, 290, 60.0]), ("first", "second", "size", "all")))
    agreeing = calibrate(
        np.full(10, 5.0), Known(both, np.array([24, 26, 290, 50.0]), ("first", "second", "size", "all"))
    )
    assert agreeing.g == pytest.approx(calibrate(np.full(10, 5.0), TEN).g)
    with pytest.raises(InputError) as refused:
        calibrate(
            np.array([5.0, -1] + [5.0] * 8), Known(ROWS, np.array([np.nan, 26, 290]), TEN.names), Distance("logit")
        )
    assert len(refused.value.faults) == 3
    with pytest.raises(InputError, match="no such distance"):
        calibrate(np.full(10, 5.0), TEN, Distance("chi"))
