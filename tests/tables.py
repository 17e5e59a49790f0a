"""Small tables for tests: real codes, made-up figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from regso_cluster.areas.editions import code_set
from regso_cluster.method import Method, parse_method

METHOD = """
name = "two-factors"
title = { sv = "Två faktorer", en = "Two factors" }
description = { sv = "", en = "" }

[table]
coverage = "partial"
population = "population"

[[factors]]
key = "poor"
name = { sv = "Fattigdom", en = "Poverty" }
numerator = "poor_n"
denominator = "poor_d"
unit = "per cent"
worse = "high"

[[factors]]
key = "voted"
name = { sv = "Valdeltagande", en = "Turnout" }
value = "voted_pct"
unit = "per cent"
worse = "low"
limit = { below = 70.0, unit = "per cent" }

[problems]
limit = { sd = 1.0 }

[composite]
none = { sv = "Ingen", en = "None" }
[[composite.groups]]
name = { sv = "Båda", en = "Both" }
rule = { at_least = 2 }
[[composite.groups]]
name = { sv = "En", en = "One" }
rule = { at_least = 1 }

[index]
scale = { kind = "z" }
min_factors = 1
"""

CODES = code_set(2025)[:6]


def method(text: str = METHOD) -> Method:
    return parse_method(text, "two-factors.toml")


def rows() -> pd.DataFrame:
    """Six areas of one kommun; poverty 10, 10, 10, 10, 10, 40 per cent."""
    return pd.DataFrame(
        {
            "regso": CODES,
            "population": ["1000"] * 6,
            "poor_n": ["10", "20", "10", "30", "10", "80"],
            "poor_d": ["100", "200", "100", "300", "100", "200"],
            "voted_pct": ["90.5", "69.9", "70", "85", "88", "60"],
        }
    )


def write(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


def writes_views() -> bool:
    """Whether this pyarrow writes texts as views to Parquet; files of other programs have them whatever it writes."""
    table = pa.table({"a": pa.array(["x"], pa.string_view())})
    try:
        parquet.write_table(table, pa.BufferOutputStream())
    except pa.ArrowNotImplementedError:
        return False
    return True
