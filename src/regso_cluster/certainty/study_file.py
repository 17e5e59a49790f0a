"""The choices a reasonable person could have made otherwise: a study as data.

A study names choices, each by the places in the method file that it sets and what may stand there. Nothing here knows
a key of the method: a new key becomes a choice by a few lines in a study file.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from regso_cluster.certainty.dial import STRICT, Dial, Value
from regso_cluster.errors import Fault, InputError
from regso_cluster.method import Method, Text, known_keys, parse_method, plain_method
from regso_cluster.method.toml import decode_toml, parse_toml

Floats = npt.NDArray[np.float64]
Settings = dict[str, Any]

ABSENT = "absent"  # an option that takes the key away, so that its default holds
STUDY = "study."  # places that no method file has: what the study itself does
LEAVE_OUT, CLUSTERED_BY = "study.leave_out", "study.clustered_by"
_OWN = {LEAVE_OUT, CLUSTERED_BY}
WAYS = ("k-means", "k-medoids", "ward")  # of clustering


@dataclass(frozen=True, config=STRICT)
class StudyChoice:
    """One choice, and what else it could have been; exactly one of the four is given.

    `set`: places in the method file, as "index.scale.kind"; "factors.*.weight" is the weight of each factor, drawn for
    itself. Two places of the study itself: "study.leave_out" (one factor) and "study.clustered_by".
    `options`: values that may stand there, "absent" for none; a table changes only the keys that it names. For
    "study.leave_out" [] means any factor or none.
    `between`: any number from one to the other, whole where the method takes whole ones.
    `times`: the method's own number times one between these.
    `add`: the method's own number plus one between these; whole where it is whole.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9 _-]*$", max_length=40)]
    set: Annotated[tuple[str, ...], Field(min_length=1)]
    title: Text | None = None
    options: tuple[Value, ...] | None = None
    between: tuple[float, float] | None = None
    times: tuple[float, float] | None = None
    add: tuple[float, float] | None = None


@dataclass(frozen=True, config=STRICT)
class ListRule:
    """Which areas are on the list: those in the `worst` groups of a grouping, or the worst `share` by the index."""

    grouping: str | None = None
    worst: Annotated[int, Field(ge=1)] = 1
    share: Annotated[float, Field(gt=0, lt=1)] | None = None


@dataclass(frozen=True, config=STRICT)
class Study:
    """A study: how many runs at most, what they are drawn from, which list is looked at, and the choices.

    Parameters
    ----------
    choices : that are varied
    runs : at most
    seed : of what is drawn
    list : the list of areas whose members are compared between runs; None: the worst composite group

    Examples
    --------
    >>> from dataclasses import replace
    >>> study = replace(load_study(), runs=100, seed=7)
    >>> isinstance(study, Study), study.runs
    (True, 100)
    """

    choices: Annotated[tuple[StudyChoice, ...], Field(min_length=1)]
    runs: Annotated[int, Field(ge=4, le=1_000_000)] = 1000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    list: ListRule | None = None


_STUDY: TypeAdapter[Study] = TypeAdapter(Study)


def load_study(path: str | Path | None = None) -> Study:
    """Read a study file; without a path, the one that comes with the package.

    Parameters
    ----------
    path : of a TOML file; None: the study that comes with the package

    Returns
    -------
    the study

    Raises
    ------
    InputError  no such file, not TOML, an unknown key, a choice that is none

    Examples
    --------
    >>> load_study().runs > 0
    True
    """
    if path is None:
        text, name = (resources.files("regso_cluster.certainty") / "study.toml").read_text("utf-8"), "study.toml"
    else:
        if not Path(path).is_file():
            raise InputError(Fault("no such study", str(path), hint="Give a TOML file, or leave --study out."))
        text, name = decode_toml(Path(path)), Path(path).name
    try:
        study = _STUDY.validate_json(json.dumps(parse_toml(text, name), default=str), strict=True)
    except ValidationError as error:
        hint = "docs/certainty.md lists the keys of a study."
        raise InputError([
            Fault("wrong key or value", f"{name}, {'.'.join(map(str, item['loc']))}", got=item["msg"], hint=hint)
            for item in error.errors(include_url=False)
        ]) from error  # fmt: skip
    faults = [fault for choice in study.choices for fault in _choice_faults(choice, name)]
    doubled = sorted({one.name for one in study.choices if [c.name for c in study.choices].count(one.name) > 1})
    faults += [Fault("two choices of one name", f"{name}, choice {one!r}", hint="Rename one.") for one in doubled]
    if faults:
        raise InputError(faults)
    return study


def _choice_faults(choice: StudyChoice, source: str) -> Iterator[Fault]:
    where = f"{source}, choice {choice.name!r}"
    given = [name for name in ("options", "between", "times", "add") if getattr(choice, name) is not None]
    if len(given) != 1:
        hint = "Give exactly one of options, between, times, add."
        yield Fault("not one range", where, got=", ".join(given) or "none", hint=hint)
    for pair in (choice.between, choice.times, choice.add):
        if pair and pair[0] >= pair[1]:
            yield Fault("an empty range", where, "low, high", f"{pair[0]}, {pair[1]}", "Write the lower number first.")
    for place in choice.set:
        if place.startswith(STUDY) and place not in _OWN:
            yield Fault(
                "unknown place", where, " or ".join(sorted(_OWN)), place, "Other places are keys of the method."
            )
    if choice.options is not None and len(choice.options) < 2 and choice.set != (LEAVE_OUT,):
        yield Fault(
            "a choice without another option", where, "two options or more", str(len(choice.options)), "Add one."
        )


def study_toml(study: Study) -> str:
    """Write a study with every default filled in; `load_study` reads it back equal."""
    import tomli_w  # noqa: PLC0415

    return tomli_w.dumps(_STUDY.dump_python(study, mode="json", exclude_none=True))


def dials_of(study: Study, method: Method) -> tuple[tuple[Dial, ...], dict[str, str]]:
    """Find what a study can turn in a method.

    Returns
    -------
    dials, and why for each choice that the method leaves no room for, and each option or number that it cannot have
    """
    plain = plain_method(method)
    dials: list[Dial] = []
    idle: dict[str, str] = {}
    for choice in study.choices:
        places = tuple(found for place in choice.set for found in _find(plain, place))
        if not places:
            idle[choice.name] = f"the method has no {' or '.join(choice.set)}"
        elif choice.options is not None:
            dial = Dial(choice.name, places, options=choice.options or ("none", *_free_factors(method)))
            refused = _refused(dial, method)
            options = tuple(option for number, option in enumerate(dial.options or ()) if number not in refused)
            if len(options) > 1:
                dials.append(replace(dial, options=options))
                idle |= {f"{choice.name}, {named}": why for named, why in refused.values()}
            else:
                idle[choice.name] = "; ".join(dict.fromkeys(why for _, why in refused.values()))
        else:
            for place in places:
                found, why = _range(choice, place, method, None if place in _OWN else _get(plain, place))
                dials += [found] if found else []
                idle |= {f"{choice.name}, {said}": reason for said, reason in why.items()}
    return tuple(dials), idle


def _range(choice: StudyChoice, place: str, method: Method, own: Any) -> tuple[Dial | None, dict[str, str]]:
    """Give the dial of a range at one place, without the numbers that the method cannot have, and why not these."""
    counted = isinstance(own, int | float) and not isinstance(own, bool)
    if place in _OWN or (choice.between is None and not counted):
        return None, {place: "no number stands there"}
    low, high = choice.between or choice.times or choice.add or (0.0, 0.0)
    if choice.between is None:
        low, high = (own * low, own * high) if choice.times else (own + low, own + high)
    whole = isinstance(own, int) if counted else _only_whole(method, place, low, high)
    if whole:  # `between` names its ends, the others are about the method's own number
        low, high = (np.ceil(low), np.floor(high)) if choice.between else (np.rint(low), np.rint(high))
    if low > high:
        return None, {place: "no whole number is in the range"}
    return _narrowed(Dial(choice.name, (place,), low=float(low), high=float(high), whole=whole), method, own)


def _only_whole(method: Method, place: str, low: float, high: float) -> bool:
    """Whether a place where nothing stands yet takes whole numbers and no others."""
    fraction = float(np.floor(low)) + 0.5
    return any(
        not _why_not(method, {place: int(number)}) and bool(_why_not(method, {place: fraction}))
        for number in (np.ceil(low), np.floor((low + high) / 2), np.floor(high))
    )


def _narrowed(dial: Dial, method: Method, own: Any) -> tuple[Dial | None, dict[str, str]]:
    """Take from both ends of a range the numbers that the method cannot have, and say why; None where none is left."""
    (place,) = dial.places

    def why_not(number: float) -> str:
        return _why_not(method, {place: int(number) if dial.whole else float(number)})

    ends = {"low": dial.low, "high": dial.high}
    middle = dial.low / 2 + dial.high / 2
    tried = (own, dial.low, dial.high, np.floor(middle) if dial.whole else middle)
    inside = (one for one in tried if isinstance(one, int | float) and dial.low <= one <= dial.high)
    possible = next((float(number) for number in inside if not why_not(number)), None)
    if possible is None:
        return None, {place: why_not(dial.low)}
    why = {}
    for end, said in (("low", "below"), ("high", "above")):
        if reason := why_not(ends[end]):
            ends[end] = _last_possible(why_not, possible, ends[end], whole=dial.whole)
            why[f"{place} {said} {ends[end]:g}"] = reason
    if ends["low"] == ends["high"]:
        return None, why or {place: f"only {ends['low']:g} is in the range"}
    return replace(dial, low=ends["low"], high=ends["high"]), why


def _last_possible(why_not: Callable[[float], str], possible: float, impossible: float, *, whole: bool) -> float:
    """Halve from a number that the method can have to one that it cannot: to a thousandth, or the last whole."""
    near = 1.0 if whole else abs(possible - impossible) / 1000
    while abs(possible - impossible) > near:
        middle = (possible + impossible) / 2
        middle = float(np.floor(middle)) if whole else middle
        if why_not(middle):
            impossible = middle
        else:
            possible = middle
    return possible


def _why_not(method: Method, settings: Settings) -> str:
    """Say why a method cannot have some settings; empty where it can."""
    import tomli_w  # noqa: PLC0415

    try:
        parse_method(tomli_w.dumps(with_settings(method, settings)), "the method")
    except InputError as error:
        return "; ".join(
            f"{fault.what}, expected {fault.expected}" if fault.expected else fault.what for fault in error.faults
        )
    return ""


def _refused(dial: Dial, method: Method) -> dict[int, tuple[str, str]]:
    """Give the options that the method cannot have, by number: in words, and why."""
    refused = {}
    for number, option in enumerate(dial.options or ()):
        if reason := _why_not_option(dial.places, option, method):
            parts = [f"{key} {value}" for key, value in option.items()] if isinstance(option, dict) else [str(option)]
            refused[number] = (", ".join(parts), reason)
    return refused


def _why_not_option(places: tuple[str, ...], option: Value, method: Method) -> str:
    if CLUSTERED_BY in places and option not in WAYS:
        return f"no such clustering, expected {', '.join(WAYS)}"
    if LEAVE_OUT in places and option not in ("none", *_free_factors(method)):
        return "no factor of the method" if option not in method.keys else "a rule or a theme names it"
    asked = max((group.rule.at_least or 0 for group in method.composite.groups), default=0) if method.composite else 0
    if LEAVE_OUT in places and option != "none" and asked > len(method.factors) - 1:
        return (
            f"a composite group asks for {asked} problems, and of {len(method.factors)} factors "
            f"{len(method.factors) - 1} would be left; to study it, write a method without it with other rules"
        )
    return _why_not(method, dict.fromkeys(places, option))


def _free_factors(method: Method) -> list[str]:
    """Give the factors that can be left out."""
    named = {str(part) for part in _rule_keys(plain_method(method))}
    return [key for key in method.keys if key not in named]


def _rule_keys(plain: Any) -> Iterator[str]:
    """Give every factor that a rule or a theme names: without it the method would have no meaning."""
    composite = plain.get("composite", {})
    todo: list[Any] = [group["rule"] for group in composite.get("groups", ())]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
        else:
            todo += [*one.get("all", ()), *one.get("any", ())]
    for theme in plain.get("index", {}).get("themes", ()):
        yield from theme["factors"]


def _find(plain: Any, place: str) -> list[str]:
    """Find a place in a plain method: `*` stands for each element; a key that has a default need not be written."""
    if place in _OWN:
        return [place] if place == LEAVE_OUT or "clusters" in plain else []
    found = [("", plain)]
    *path, leaf = place.split(".")
    for part in path:
        step = []
        for name, here in found:
            if part == "*" and isinstance(here, list):
                step += [(f"{name}{number}.", inner) for number, inner in enumerate(here)]
            elif isinstance(here, dict) and isinstance(here.get(part), dict | list):
                step.append((f"{name}{part}.", here[part]))
        found = step
    return [
        f"{name}{leaf}" for name, here in found if isinstance(here, dict) and (leaf in here or leaf in known_keys())
    ]


def _steps(place: str) -> list[Any]:
    return [int(part) if part.isdecimal() else part for part in place.split(".")]


def _get(plain: Any, place: str) -> Any:
    here = plain
    for part in _steps(place):
        here = here[part] if isinstance(here, list) else here.get(part)
    return here


def settings_of(dials: tuple[Dial, ...], u: Floats) -> Settings:
    """Give what stands at each place, for numbers from 0 to 1, one a dial."""
    return {place: dial.value(float(one)) for dial, one in zip(dials, u, strict=True) for place in dial.places}


def _put(here: dict[str, Any], key: str, value: Any) -> None:
    if value == ABSENT:
        here.pop(key, None)
    else:
        here[key] = list(value) if isinstance(value, tuple) else value


def own_value(method: Method, dial: Dial) -> Any:
    """Give the option that the method itself has at all places of a dial; None where none of them is."""
    if dial.places == (CLUSTERED_BY,):
        return "k-means"
    if dial.places == (LEAVE_OUT,):
        return "none"
    plain = plain_method(method)
    own = [_get(plain, place) for place in dial.places]
    return next((option for option in dial.options or () if all(_is_option(option, one) for one in own)), None)


def _is_option(option: Value, own: Any) -> bool:
    """Whether an option is what stands at a place; of a table the keys that it names."""
    if isinstance(option, dict) and isinstance(own, dict):
        return all(own.get(key, ABSENT) == value for key, value in option.items())
    return bool(option == (ABSENT if own is None else tuple(own) if isinstance(own, list) else own))


def with_settings(method: Method, settings: Settings) -> dict[str, Any]:
    """Give the plain method with other values at some places; those of the study itself are left to the caller."""
    plain: dict[str, Any] = copy.deepcopy(plain_method(replace(method, measured=None, frozen=None, baseline=None)))
    for place, value in settings.items():
        if place in _OWN:
            continue
        *path, leaf = _steps(place)
        here: Any = plain
        for part in path:
            here = here[part]
        if isinstance(value, dict) and isinstance(here.get(leaf), dict):
            for key, inner in value.items():
                _put(here[leaf], key, inner)
        else:
            _put(here, leaf, value)
    left_out = settings.get(LEAVE_OUT, "none")
    if left_out != "none":
        plain["factors"] = [factor for factor in plain["factors"] if factor["key"] != left_out]
    return plain
