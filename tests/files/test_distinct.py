"""A function over the distinct cells of a column gives what it gives over every cell."""

import numpy as np
import pandas as pd

from regso_cluster.files.distinct import map_distinct


def test_texts_are_asked_once_and_keep_their_places():
    asked = []

    def length(text):
        asked.append(text)
        return len(text)

    assert map_distinct(pd.Series(["a", "bbb", "a", "cc", "bbb"], dtype=object), length).tolist() == [1, 3, 1, 2, 3]
    assert asked == ["a", "bbb", "cc"]


def test_equal_cells_of_other_kinds_are_told_apart():
    cells = pd.Series([1, 1.0, True, "1", None, np.nan], dtype=object)
    assert map_distinct(cells, repr).tolist() == ["1", "1.0", "True", "'1'", "None", "nan"]


def test_a_column_without_rows():
    assert map_distinct(pd.Series([], dtype=object), len).tolist() == []
