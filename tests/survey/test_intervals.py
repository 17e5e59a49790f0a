import numpy as np
import pytest

from regso_cluster.errors import InputError
from regso_cluster.survey.intervals import effective_answers, interval


@pytest.mark.parametrize(
    ("form", "low", "high"),
    [
        ("logit", 0.7745397, 0.8708149),
        ("arcsine", 0.7774179, 0.8731788),
        ("korn-graubard", 0.7741713, 0.8734316),
    ],
)
def test_forms_that_the_package_survey_prints(form, low, high):
    """The share of schools with sch.wide = Yes in apistrat: .8279480, standard error .0243448, 197 df, 200 schools."""
    found = interval(
        np.array([0.8279480]), np.array([0.0243448**2]), np.array([197.0]), form=form, answers=np.array([200.0])
    )
    assert (found[0][0], found[1][0]) == pytest.approx((low, high), abs=2e-6)


def test_korn_graubard_of_a_simple_random_sample_is_clopper_pearson():
    value, count = np.array([0.1, 0.0, 1.0]), np.array([50.0, 50.0, 50.0])
    low, high = interval(value, value * (1 - value) / count, count - 1, form="korn-graubard", answers=count)
    assert low == pytest.approx([0.033275, 0.0, 0.928878], abs=1e-5)  # 5, 0 and 50 of 50
    assert high == pytest.approx([0.218136, 0.071122, 1.0], abs=1e-5)


def test_no_degrees_of_freedom_no_interval():
    for form in ("mean", "logit", "korn-graubard"):
        low, high = interval(np.array([0.5]), np.array([0.01]), np.array([0.0]), form=form, answers=np.array([9.0]))
        assert np.isnan([low[0], high[0]]).all()


def test_refusals_and_effective_answers():
    with pytest.raises(InputError, match="no such form"):
        interval(np.array([0.5]), np.array([0.1]), np.array([9.0]), form="wald")
    with pytest.raises(InputError, match="number of answers"):
        interval(np.array([0.5]), np.array([0.1]), np.array([9.0]), form="korn-graubard")
    assert effective_answers(np.array([0.5, 1.0]), np.array([0.0025, 0.0]), np.array([9.0, 7.0])).tolist() == [
        100.0,
        7.0,
    ]
