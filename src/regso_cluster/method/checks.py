"""What the parts of a method cannot see alone: where they contradict each other."""

from __future__ import annotations

from regso_cluster.method.faults import Place
from regso_cluster.method.model import Method
from regso_cluster.method.parts import UNIT_FACTOR, Banding, Factor, Index, Limit, Rule
from regso_cluster.method.yardstick import Yardstick, hash_yardstick
from regso_cluster.scales.kinds import SCALES
from regso_cluster.schema import SCHEMA


def find_contradictions(method: Method) -> list[tuple[Place, str, str]]:
    """Find what each part alone cannot see: unknown factors, limits in a wrong unit, steps without their basis.

    Returns
    -------
    for each contradiction its place (the keys that lead there), what is wrong, and how to mend it
    """
    found = [*_factor_contradictions(method), *_rule_contradictions(method), *_doubled_columns(method)]
    if method.index:
        found += _index_contradictions(method, method.index)
    for part in ("bands", "tiers"):
        banding: Banding | None = getattr(method, part)
        if banding:
            found += [((part, key), what, hint) for key, what, hint in _banding_contradictions(banding)]
    for part, needs in (
        ("bands", "index"),
        ("composite", "problems"),
        ("clusters", "index"),
    ):
        if getattr(method, part) and not getattr(method, needs):
            found.append(((part,), f"{part} without {needs}", f"Add a section [{needs}], or remove [{part}]."))
    if method.needs_population and not method.table.population:
        hint = 'Name the column of residents in [table], as population = "population".'
        found.append((("table",), "a step weighs by residents, but no population column is named", hint))
    found += _parent_contradictions(method)
    found += _yardstick_contradictions(method)
    found += _scale_contradictions(method)
    if not any((method.problems, method.index, method.tiers)):
        found.append(((), "the method classifies nothing", "Add [problems], [index] or [tiers]."))
    return found


def _parent_contradictions(method: Method) -> list[tuple[Place, str, str]]:
    """Find parents of rates that a table of this method cannot have, and cut-offs in the wrong order."""
    found: list[tuple[Place, str, str]] = []
    asked: list[tuple[str, str, str]] = []
    asked += [("shrinkage", "towards", method.shrinkage.towards)] if method.shrinkage else []
    asked += [("certainty", "prior", method.certainty.prior)] if method.certainty else []
    for part, key, parent in asked:
        if parent == "type" and not method.table.area_type:
            hint = 'Name the column of types in [table], as area_type = "area_type".'
            found.append(((part, key), "no column of area types is named", hint))
        if parent in ("kommun", "lan") and method.table.areas == "own":
            found.append(((part, key), f"areas of their own have no {parent}", 'Use "country" or "type".'))
    if method.shrinkage and not any(factor.denominator for factor in method.factors):
        hint = (
            "Name columns of counts, or with a value the column of its persons as denominator; or remove [shrinkage]."
        )
        found.append((("shrinkage",), "no factor has counts: nothing can be shrunk", hint))
    if method.certainty and method.certainty.edge > method.certainty.core:
        found.append((("certainty", "edge"), "edge is above core", "For example core = 0.9, edge = 0.6."))
    return found


def _scale_contradictions(method: Method) -> list[tuple[Place, str, str]]:
    found: list[tuple[Place, str, str]] = []
    scales = [("index", method.index.scale)] if method.index else []
    scales += [("clusters", method.clusters.scale)] if method.clusters else []
    for part, scale in scales:
        if scale.winsorise and scale.winsorise[0] >= scale.winsorise[1]:
            place: Place = (part, "scale", "winsorise")
            found.append((place, "the lower quantile is not below the upper", "For example [0.01, 0.99]."))
    if method.clusters and not SCALES[method.clusters.scale.kind].in_sd:
        fitting = " or ".join(f'"{kind}"' for kind, facts in SCALES.items() if facts.in_sd)
        hint = f"Use kind = {fitting}: clusters are named by how many SD they are off the country."
        found.append((("clusters", "scale"), f"clusters on a scale without SD ({method.clusters.scale.kind})", hint))
    return found


def _yardstick_contradictions(method: Method) -> list[tuple[Place, str, str]]:
    hint = "Freeze the release again with `regso-cluster freeze`, or remove what was measured, to measure anew."
    found: list[tuple[Place, str, str]] = []
    if method.frozen and not method.measured:
        found.append((("frozen",), "frozen, but nothing is measured", hint))
    carried: list[tuple[Place, Yardstick]] = []
    if method.frozen and method.measured:
        carried.append((("measured",), method.measured))
    if method.baseline:
        carried.append((("baseline", "measured"), method.baseline.measured))
    if method.measured and not method.frozen:
        carried.append((("measured",), method.measured))
    own = "Freeze the release again with `regso-cluster freeze`; limits of your own stand as `limit` of the factors."
    origins = {"measured": method.frozen, "baseline": method.baseline.origin if method.baseline else None}
    for place, yardstick in carried:
        origin = origins[str(place[0])]
        if origin and origin.yardstick_sha256 not in (None, hash_yardstick(yardstick)):
            what = f"changed by hand: not what release {origin.release} ({origin.year}) measured"
            found.append((place, what, own))
        found += [
            ((*place, *part), what, hint) for part, what in _misfits(yardstick, method, beside=place[0] == "baseline")
        ]
    return found


def _misfits(yardstick: Yardstick, method: Method, *, beside: bool) -> list[tuple[Place, str]]:
    """Find what in a yardstick cannot have been measured for the choices of a method."""
    if yardstick.choices_sha256 != method.identity:
        return [((), "measured for other choices than those of this file")]
    found: list[tuple[Place, str]] = []
    spreads = [numbers.get("spread", 1.0) for scale in yardstick.scales.values() for numbers in scale.values()]
    if any(isinstance(spread, float) and spread <= 0 for spread in spreads):
        found.append((("scales",), "a spread of 0 or below"))
    if any(len(centre) != len(method.keys) for centre in yardstick.centres):
        found.append((("centres",), "centres of another number of factors"))
    parts = [("limits", method.problems is not None, set(yardstick.limits))]
    parts.append(("scales.index", method.index is not None, set(yardstick.scales.get("index", {}))))
    if not beside:
        parts.append(("scales.clusters", method.clusters is not None, set(yardstick.scales.get("clusters", {}))))
        parts.append(("tiers", method.tiers is not None, set(yardstick.tiers)))
    for name, used, measured in parts:
        if used and measured != set(method.keys):
            lacking = ", ".join(sorted(measured ^ set(method.keys)))
            found.append((tuple(name.split(".")), f"{name} measured for other factors ({lacking})"))
    return found


def _index_contradictions(method: Method, index: Index) -> list[tuple[Place, str, str]]:
    found: list[tuple[Place, str, str]] = []
    for number, theme in enumerate(index.themes):
        place = ("index", "themes", number, "factors")
        found += [(place, f"unknown factor {key!r}", _known(method)) for key in theme.factors if key not in method.keys]
    if index.min_factors and index.min_factors > len(method.factors):
        found.append((("index", "min_factors"), "more factors asked for than there are", _known(method)))
    if index.aggregation == "sum" and index.min_factors not in (None, len(method.factors)):
        found.append((("index", "min_factors"), "a sum needs all factors", 'Use aggregation = "mean".'))
    return found


def _known(method: Method) -> str:
    return f"The factors are: {', '.join(method.keys)}."


def _factor_contradictions(method: Method) -> list[tuple[Place, str, str]]:
    found: list[tuple[Place, str, str]] = []
    for number, factor in enumerate(method.factors):
        place: Place = ("factors", number)
        if factor.key in method.keys[:number]:
            found.append(((*place, "key"), f"factor {factor.key!r} stands twice", "Give each factor its own key."))
        if (factor.numerator is None) == (factor.value is None) or (factor.numerator and not factor.denominator):
            hint = (
                "Name the columns numerator and denominator, or the one column value (and its persons as denominator)."
            )
            found.append((place, f"factor {factor.key!r} needs two columns of counts or one of values", hint))
        elif factor.denominator and factor.unit not in UNIT_FACTOR:
            found.append(
                (
                    (*place, "unit"),
                    f"a rate cannot have the unit {factor.unit!r}",
                    f"Use {', '.join(UNIT_FACTOR)}.",
                )
            )
        elif factor.numerator and factor.numerator == factor.denominator:
            found.append(((*place, "denominator"), "numerator and denominator are one column", "Name two columns."))
        if factor.limit:
            found += [((*place, "limit"), what, hint) for what, hint in _limit_contradictions(factor.limit, factor)]
    if method.problems:
        for factor in method.factors:
            if not factor.limit:
                faults = _limit_contradictions(method.problems.limit, factor)
                found += [(("problems", "limit"), what, hint) for what, hint in faults]
    return found


def _limit_contradictions(limit: Limit, factor: Factor) -> list[tuple[str, str]]:
    given = tuple(limit.given)
    if len(given) != 1:
        hint = "Give one of sd, above, at_least, below, at_most."
        return [(f"a limit is one comparison, here {len(given)} ({', '.join(given) or 'none'})", hint)]
    if given[0] == "sd":
        return [("a limit in SD has no unit", "Remove unit.")] if limit.unit else []
    found = []
    if limit.unit != factor.unit:
        what = f"the limit of {factor.key!r} is in {limit.unit or 'no unit'}, the factor in {factor.unit}"
        found.append((what, f'Give the limit in the unit of the factor, with unit = "{factor.unit}".'))
    if (given[0] in ("above", "at_least")) != (factor.worse == "high"):
        what = f"the limit of {factor.key!r} is {given[0]!r}, but {factor.worse} is worse"
        found.append((what, "Use above or at_least where high is worse, below or at_most where low is worse."))
    return found


def _rule_contradictions(method: Method) -> list[tuple[Place, str, str]]:
    found: list[tuple[Place, str, str]] = []

    def visit(rule: Rule, place: Place) -> None:
        parts = [part for part in (rule.at_least, rule.all, rule.any) if part is not None]
        if len(parts) != 1:
            found.append((place, "a rule is one of at_least, all, any", "Nest rules to join them."))
        if rule.at_least is not None and rule.at_least > len(method.factors):
            found.append((place, f"at least {rule.at_least} of {len(method.factors)} factors can never hold", ""))
        for part in (*(rule.all or ()), *(rule.any or ())):
            if isinstance(part, Rule):
                visit(part, place)
            elif part not in method.keys:
                found.append((place, f"unknown factor {part!r}", _known(method)))

    least = len(method.factors) + 1
    for number, group in enumerate(method.composite.groups if method.composite else ()):
        place: Place = ("composite", "groups", number, "rule")
        visit(group.rule, place)
        asked = group.rule.at_least or 0
        if asked >= least:
            hint = "Order the groups from the worst: the number of problems falls."
            found.append((place, f"at least {asked} after at least {least}: nobody is left", hint))
        least = min(least, asked or least)
    steady = method.composite.steady if method.composite else None
    if steady and (steady.slack_sd is None) == (steady.years is None):
        found.append((("composite", "steady"), "a no-flicker rule is one of slack_sd and years", "Give one."))
    return found


def _doubled_columns(method: Method) -> list[tuple[Place, str, str]]:
    """Find keys whose columns in a release would bear the name of another column."""
    found: list[tuple[Place, str, str]] = []
    themes = method.index.themes if method.index else ()
    named: list[tuple[Place, str, tuple[str, ...]]] = [
        *((("factors", at, "key"), one.key, tuple(SCHEMA.parts("factor"))) for at, one in enumerate(method.factors)),
        *((("index", "themes", at, "key"), one.key, tuple(SCHEMA.parts("theme"))) for at, one in enumerate(themes)),
    ]
    seen: set[str] = set()
    for place, key, parts in named:
        columns = {f"{key}_{part}" for part in parts}
        if columns & seen or key in SCHEMA.reserved:
            found.append((place, f"{key!r} would give two columns one name", "Choose another key."))
        seen |= columns
    for at, theme in enumerate(themes):
        if len(set(theme.factors)) < len(theme.factors):
            found.append((("index", "themes", at, "factors"), "a factor stands twice in a theme", "Name it once."))
    return found


def _banding_contradictions(banding: Banding) -> list[tuple[str, str, str]]:
    found = []
    if banding.kind == "sd":
        at = banding.at or ()
        if not at or banding.groups:
            found.append(("kind", "bands by SD need `at`, and no `groups`", "For example at = [2, 1, 0, -1]."))
        elif list(at) != sorted(set(at), reverse=True):
            found.append(("at", "cuts in SD must fall from the worst to the best", "For example at = [2, 1, 0, -1]."))
    elif banding.groups is None or banding.at:
        found.append(("kind", f"{banding.kind} needs `groups`, and no `at`", "For example groups = 5."))
    if banding.names and len(banding.names) != banding.size:
        found.append(
            (
                "names",
                f"{len(banding.names)} names for {banding.size} groups",
                "Name every group, worst first.",
            )
        )
    return found
