from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from regso_cluster.certainty.structure import assess_structure
from regso_cluster.certainty.study_file import load_study
from regso_cluster.errors import InputError
from regso_cluster.figures.studies import draw_stability, draw_tornado, save_figure
from regso_cluster.method import StructureRule
from tests.certainty.planted import cloud

RULE = StructureRule(fewest=2, most=3, clouds=5, resamples=5, splits=2)
CHOICES = pd.DataFrame({
    "choice": ["scale", "limit"], "group_drawn_areas": [0.1, 0.2], "group_alone_areas": [0.3, 0.1],
    "cluster_drawn_areas": [float("nan")] * 2, "cluster_alone_areas": [float("nan")] * 2, "rank_drawn": [5.0, 0.0],
    "rank_alone": [9.0, 0.0],
})  # fmt: skip


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))]


def test_stability_says_the_verdict_and_what_is_made_up(tmp_path):
    structure = assess_structure(*cloud(0), RULE)
    figure = draw_stability(structure, "en", synthetic=True)
    assert "How many groups? bands, not types. SYNTHETIC DATA" in texts(figure)
    assert len(figure.axes) == 3
    first = save_figure(figure, tmp_path / "a.svg").read_bytes()
    assert save_figure(draw_stability(structure, "en", synthetic=True), tmp_path / "b.svg").read_bytes() == first
    assert not any("SYNTHETIC" in text for text in texts(draw_stability(structure, "en")))


def test_a_tornado_has_the_largest_on_top_and_leaves_empty_panels_out(tmp_path):
    figure = draw_tornado(CHOICES, load_study(), "en")
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["Composite group or band", "Rank of the index"]
    bars = figure.axes[0].patches
    assert [bar.get_width() for bar in bars] == pytest.approx([10, 20])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Scale", "Limit, ±0.25 SD"]
    assert save_figure(figure, tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(InputError, match="one of these endings"):
        save_figure(draw_tornado(CHOICES, load_study()), tmp_path / "t.pdf")
    assert list(tmp_path.iterdir()) == []


def test_swedish_words_and_decimal_commas():
    structure = assess_structure(*cloud(0), RULE)
    said = texts(draw_stability(structure, synthetic=True))
    assert "Hur många grupper? band, inte typer. SYNTETISKA DATA" in said
    assert said.count("antal grupper") == 3
    assert "minst 0,05" in said
    figure = draw_tornado(CHOICES, load_study())
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "Sammanvägd grupp eller indexgrupp",
        "Indexets rang",
    ]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Skala", "Gräns, ±0,25 SD"]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_nothing_is_cut_off_or_overlaps(language):
    """Every text lies inside the figure, and the titles and axis labels of the panels clear of each other."""
    study = load_study()
    many = pd.DataFrame({"choice": [choice.name for choice in study.choices]})
    many = many.assign(group_drawn_areas=0.1, group_alone_areas=0.2, cluster_drawn_areas=0.1, cluster_alone_areas=0.3,
                       rank_drawn=200.0, rank_alone=120.0)  # fmt: skip
    for figure in (draw_stability(assess_structure(*cloud(0), RULE), language, synthetic=True),
                   draw_tornado(many, study, language, synthetic=True)):  # fmt: skip
        FigureCanvasAgg(figure).draw()
        whole = figure.bbox
        beside = [label for axis in figure.axes for label in axis.get_yticklabels()]
        heads = [text for axis in figure.axes for text in (axis._left_title, axis.xaxis.label, *axis.texts)]
        for text in [*figure.texts, *heads, *beside, *(one for legend in figure.legends for one in legend.get_texts())]:
            box = text.get_window_extent()
            assert whole.x0 - 1 <= box.x0, text.get_text()
            assert box.x1 <= whole.x1 + 1, text.get_text()
            assert whole.y0 - 1 <= box.y0, text.get_text()
            assert box.y1 <= whole.y1 + 1, text.get_text()
        for kind in ("title", "label"):
            boxes = [
                (axis._left_title if kind == "title" else axis.xaxis.label).get_window_extent() for axis in figure.axes
            ]
            for left, right in pairwise(boxes):
                assert left.x1 < right.x0
