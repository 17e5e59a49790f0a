"""What a register is counted by: a small TOML file.

For each factor two lists of conditions, all of which must hold: who is in the
denominator, and who of them is in the numerator.

    area = "regso"                      # column of the area's code
    year = "year"                       # column of the year; left out where a file holds one year
    [[factors]]
    key = "benefits"
    denominator = [{ column = "age", at_least = 20, at_most = 64 }]
    numerator = [{ column = "social_assistance", above = 0 }]
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from regso_cluster.errors import Fault, InputError
from regso_cluster.schema import columns as c

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
Value = bool | int | float | str

COMPARE = {"at_least": np.greater_equal, "at_most": np.less_equal, "above": np.greater, "below": np.less}


@dataclass(frozen=True, config=_STRICT)
class Condition:
    """What must hold in one column; every part that is given. A missing value holds in no condition."""

    column: Annotated[str, Field(min_length=1)]
    equals: Value | None = None
    is_in: Annotated[tuple[Value, ...], Field(min_length=1)] | None = None
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, config=_STRICT)
class Counted:
    """One factor: who is in the denominator, and who of them in the numerator.

    A person in the denominator for whom a column of the numerator is missing is unknown: counted in neither, and
    told. The columns of the table are `<key>_n` and `<key>_d`.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    numerator: Annotated[tuple[Condition, ...], Field(min_length=1)]
    denominator: tuple[Condition, ...] = ()


@dataclass(frozen=True, config=_STRICT)
class Definition:
    r"""What a register is counted by; `population` names the column of all persons in the table that is written.

    Parameters
    ----------
    factors : each with the conditions of its numerator and its denominator
    area : column of the codes of the areas
    year : column of the year; None: the register is of one
    population : column of all persons in the table that is written
    synthetic : the persons are made up

    Examples
    --------
    >>> text = "[[factors]]\nkey = 'poor'\nnumerator = [{ column = 'income', below = 100 }]\n"
    >>> _ = (folder / "who.toml").write_text(text)
    >>> definition = load_definition(folder / "who.toml")
    >>> isinstance(definition, Definition), definition.columns
    (True, ['regso', 'income'])
    """

    factors: Annotated[tuple[Counted, ...], Field(min_length=1)]
    area: str = "regso"
    year: str | None = None
    population: str = c.POPULATION
    synthetic: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns that are read."""
        parts = [one.column for factor in self.factors for one in (*factor.denominator, *factor.numerator)]
        return list(dict.fromkeys([self.area, *([self.year] if self.year else []), *parts]))


_DEFINITION: TypeAdapter[Definition] = TypeAdapter(Definition)


def load_definition(path: str | Path) -> Definition:
    r"""Read a definition.

    Parameters
    ----------
    path : a TOML file

    Returns
    -------
    Definition

    Raises
    ------
    InputError  no such file, not UTF-8, not TOML, an unknown key, a condition that says nothing, a key that stands
        twice

    Examples
    --------
    >>> text = "[[factors]]\nkey = 'poor'\nnumerator = [{ column = 'income', below = 100 }]\n"
    >>> _ = (folder / "who.toml").write_text(text)
    >>> load_definition(folder / "who.toml").area
    'regso'
    """
    path = Path(path)
    found = _read(path)
    faults = []
    for factor in found.factors:
        for condition in (*factor.denominator, *factor.numerator):
            given = [name for name in ("equals", "is_in", *COMPARE) if getattr(condition, name) is not None]
            if not given:
                hint = "Add equals, is_in, at_least, at_most, above or below."
                faults.append(
                    Fault("a condition that says nothing", f"{path.name}, {factor.key}, {condition.column}", hint=hint)
                )
    written = ["regso", *column_names(found), "synthetic"]
    if not found.population or found.population.endswith("_unknown") or written.count(found.population) > 1:
        hint = 'Give it a name of its own, as population = "population".'
        faults.append(Fault("the name of another column", f"{path.name}, population", got=found.population, hint=hint))
    keys = [factor.key for factor in found.factors]
    faults += [
        Fault("a key stands twice", f"{path.name}, {key}", hint="Rename one.")
        for key in sorted({k for k in keys if keys.count(k) > 1})
    ]
    if faults:
        raise InputError(faults)
    return found


def _read(path: Path) -> Definition:
    if not path.is_file():
        raise InputError(Fault("no such definition", str(path), hint="Give a TOML file; docs/registers.md shows one."))
    try:
        text = path.read_text("utf-8-sig")
        return _DEFINITION.validate_json(json.dumps(tomllib.loads(text), default=str), strict=True)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        hint = "Save it as UTF-8: a TOML file is in no other encoding."
        raise InputError(Fault("not UTF-8", f"{path.name}, line {line}", hint=hint)) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(Fault("not valid TOML", path.name, got=str(error))) from error
    except ValidationError as error:
        hint = "docs/registers.md lists the keys."
        raise InputError([
            Fault("wrong key or value", f"{path.name}, {'.'.join(map(str, item['loc']))}", got=item["msg"], hint=hint)
            for item in error.errors(include_url=False)
        ]) from error  # fmt: skip
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, lists within lists
        raise InputError(Fault("not valid TOML", path.name, got=str(error)[:100], hint="Look for a slip.")) from error


def column_names(definition: Definition) -> list[str]:
    """Name what is counted for each area: all persons, then of each factor numerator, denominator and unknown."""
    parts = [f"{factor.key}{part}" for factor in definition.factors for part in ("_n", "_d", "_unknown")]
    return [definition.population, *parts]
