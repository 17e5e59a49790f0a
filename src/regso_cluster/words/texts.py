"""The words of the page: `texts.toml`, in Swedish and English, filled in."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.method import Factor
from regso_cluster.schema import SCHEMA


def _read() -> dict[str, dict[str, str]]:
    text = (resources.files(__package__) / "texts.toml").read_text("utf-8")
    words: dict[str, dict[str, str]] = tomllib.loads(text)
    headings = {name: one.heading for name, one in SCHEMA.of_table("areas").items() if name in SCHEMA.groupings}
    return words | {f"grouping_{name}": {"sv": said.sv, "en": said.en} for name, said in headings.items() if said}


WORDS = _read()


def say(key: str, language: str, **values: str) -> str:
    """Give a text in a language with its {places} filled; filled-in text is never read as a template again."""
    return WORDS[key][language].format(**values)


def say_unit_name(factor: Factor, language: str) -> str:
    """Give what stands after a value of a factor: the method's own name of the unit, or the page's; "" for none."""
    if factor.unit_name:
        return str(getattr(factor.unit_name, language))
    return str(WORDS[f"unit_{factor.unit.replace(' ', '_')}"][language])


def with_unit(shown: str, unit: str, language: str) -> str:
    """Set a unit after a number, on one line with it: "12,3 %" in Swedish, "12.3%" in English."""
    return f"{shown}{'' if unit == '%' and language == 'en' else chr(0xA0)}{unit}" if unit else shown


def show_number(value: Any, language: str, decimals: int) -> str:
    """Write a number as the reader does: decimal comma and narrow spaces in Swedish; a dash where there is none."""
    if value is None or pd.isna(value) or not np.isfinite(float(value)):
        return "–"
    shown = f"{float(value):,.{decimals}f}".replace("-", "\u2212")
    return shown.replace(",", "\u00a0").replace(".", ",") if language == "sv" else shown
