// The data of the page and what follows from them: rates, places, themes that colour the map.

import { decimalsOf, lang, number, pick, t } from "./words.js";

const FORMAT = 1; // of the data; page/data.py writes it

let data = {};

export async function load(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  data = await new Response(stream).json();
  if (data.format !== FORMAT) throw new Error(`data of format ${data.format}, not ${FORMAT}`);
  data.position = new Map(data.areas.code.map((code, place) => [code, place]));
  data.inKommun = data.kommuner.map(() => []);
  data.areas.kommun.forEach((kommun, place) => data.inKommun[kommun].push(place));
  data.byYear = new Map(data.years.map((year) => [String(year.year), year]));
  return data;
}

export function all() {
  return data;
}

export function yearOf(year) {
  return data.byYear.get(String(year));
}

export function everyArea() {
  return data.areas.code.map((_, place) => place);
}

// Whether an area is one of a year's edition; each edition of RegSO has areas that others lack.
export function exists(year, place) {
  return year.status[place] !== null;
}

// Whether a year's areas are drawn with the borders of another edition.
export function drawnOtherwise(year) {
  return Boolean(year.edition && data.outlines) && year.edition !== data.outlines;
}

export function areasOf(year) {
  return everyArea().filter((place) => exists(year, place));
}

export function kommunOf(place) {
  return data.kommuner[data.areas.kommun[place]];
}

export function lanName(code) {
  return lanWords(data.lan.find((one) => one.code === code)?.name ?? "");
}

// "Stockholms län", in English "Stockholm county".
function lanWords(name) {
  return lang() === "en" ? name.replace(/s? län$/, " county") : name;
}

export function nameOf(place) {
  return data.areas.name[place] || data.areas.code[place];
}

// "Bollstanäs, Upplands Väsby": names alone are unique only inside a kommun.
export function fullName(place) {
  return [nameOf(place), kommunOf(place).name].filter(Boolean).join(", ");
}

const UNITS = { "per cent": 100, "per 1000": 1000, share: 1 };

export function observed(year, factor, place) {
  const column = year.factors[factor.key];
  return Boolean(column) && data.statuses[column.status[place]] === "observed";
}

// The value by which an area is judged, null where it was not observed: with shrinkage another than its counts give.
export function value(year, factor, place) {
  const judged = year.factors[factor.key]?.judged;
  return judged && observed(year, factor, place) ? judged[place] : counted(year, factor, place);
}

// The value as it was counted or given.
export function counted(year, factor, place) {
  if (!observed(year, factor, place)) return null;
  const column = year.factors[factor.key];
  if (!factor.counts) return column.v[place];
  const [n, d] = [column.n[place], column.d[place]];
  return n === null || d === null || d === 0 ? null : (UNITS[factor.unit] * n) / d;
}

// The rate of several areas together: counts are summed; where only values are given, their mean by residents.
export function rate(year, factor, places) {
  let top = 0;
  let bottom = 0;
  const column = year.factors[factor.key];
  const sums = column && factor.counts && factor.level === "area";
  const weighed = sums || places.every((place) => value(year, factor, place) === null || year.population[place] !== null) && residents(year, places) > 0;
  for (const place of places) {
    const own = value(year, factor, place);
    if (own === null) continue;
    const weight = sums ? column.d[place] : weighed ? year.population[place] : 1;
    top += sums ? column.n[place] : own * weight;
    bottom += weight;
  }
  if (bottom <= 0) return null;
  return sums ? (UNITS[factor.unit] * top) / bottom : top / bottom;
}

const memory = new Map();

// The least and the greatest value of a year, for the scale of a chart.
export function rangeOf(year, factor) {
  const key = `range ${year.year} ${factor.key}`;
  if (!memory.has(key)) memory.set(key, d3.extent(everyArea().map((place) => value(year, factor, place)).filter((one) => one !== null)));
  return memory.get(key);
}

export function countryRate(year, factor) {
  const key = `${year.year} ${factor.key}`;
  if (!memory.has(key)) memory.set(key, rate(year, factor, everyArea()));
  return memory.get(key);
}

export function residents(year, places) {
  return places.reduce((sum, place) => sum + (year.population[place] ?? 0), 0);
}

export function groupName(year, grouping, group) {
  if (group === null || group === undefined) return t("undecided");
  const years = [year, ...[...data.years].reverse()]; // a group that is gone this year keeps the name it had
  const found = years.flatMap((one) => one.groups[grouping] ?? []).find((one) => one.group === group);
  return found ? pick(found.name) : String(group);
}

// How sure a group is: "chance", the runner-up ("second", "second_chance"), what would flip it ("flip_factor", ...).
export function sure(year, grouping, what, place) {
  return year.sure[grouping]?.[what]?.[place] ?? null;
}

export function groupColour(grouping, group) {
  if (group === null || group === undefined) return data.colours.unknown;
  if (grouping in data.colours) return data.colours[grouping][group - 1] ?? data.colours.unknown;
  return data.colours.classes[0];
}

export function groupingName(grouping) {
  return t(`grouping_${grouping}`);
}

// What a page of areas of one's own may lack.
export function hasResidents(year) {
  return residents(year, everyArea()) > 0;
}

export function hasKommuner() {
  return data.lan.length > 0;
}

export function hasLimits(year) {
  return Object.keys(year.limits).length > 0;
}

// Clusters are kinds of areas: only other groupings run from worse to better.
export function isOrdered(grouping) {
  return grouping !== "cluster";
}

export function groupings() {
  return ["composite_group", "cluster", "band"].filter((name) => data.years.some((year) => name in year));
}

// Every way to colour the map, in the order of the list: groups, index, then each factor's value, problem and tier.
export function themes() {
  const found = groupings().map((id) => ({ id, kind: "group", section: "theme_groups", grouping: id }));
  if (data.classes.index) found.push({ id: "index", kind: "index", section: "theme_groups" });
  for (const [kind, section] of [["value", "theme_values"], ["problem", "theme_problems"], ["tier", "theme_tiers"]]) {
    for (const factor of data.factors) {
      const has = data.years.some((year) => year.factors[factor.key] && (kind === "value" ? factor.key in data.classes : kind in year.factors[factor.key])); // without any value there are no classes
      if (has) found.push({ id: `${factor.key}_${kind}`, kind, section, factor });
    }
  }
  return found;
}

export function themeName(theme) {
  if (theme.kind === "group") return groupingName(theme.grouping);
  if (theme.kind === "index") return t("index");
  return t(`theme_${theme.kind}`, { factor: pick(theme.factor.name) });
}

// The classes of a theme in one year, worst first, and the class of each area; -1 where there is none.
export function classify(theme, year) {
  const makers = { group: groupClasses, tier: tierClasses, problem: problemClasses, index: numberClasses, value: numberClasses };
  const { classes, classOf } = makers[theme.kind](theme, year);
  for (const one of classes) Object.assign(one, { areas: 0, residents: 0 });
  const unknown = { label: t(theme.kind === "group" ? "undecided" : "not_observed"), colour: data.colours.unknown, areas: 0, residents: 0 };
  classOf.forEach((number, place) => {
    if (!exists(year, place)) return;
    const one = number < 0 ? unknown : classes[number];
    one.areas += 1;
    one.residents += year.population[place] ?? 0;
  });
  return { classes, unknown, classOf };
}

function byGroup(groups, column, colours) {
  const rows = groups.filter((one) => one.group !== null);
  const position = new Map(rows.map((one, place) => [one.group, place]));
  return {
    classes: rows.map((one) => ({ label: pick(one.name), colour: colours(one.group, rows), group: one.group })),
    classOf: data.areas.code.map((_, place) => position.get(column?.[place]) ?? -1),
  };
}

function groupClasses(theme, year) {
  return byGroup(year.groups[theme.grouping] ?? [], year[theme.grouping], (group) => groupColour(theme.grouping, group));
}

function tierClasses(theme, year) {
  const scale = data.colours.classes;
  return byGroup(year.groups[theme.id] ?? [], year.factors[theme.factor.key]?.tier, (group, rows) =>
    scale[rows.length < 2 ? 0 : Math.round(((group - 1) * (scale.length - 1)) / (rows.length - 1))] ?? scale.at(-1));
}

function problemClasses(theme, year) {
  const column = year.factors[theme.factor.key]?.problem;
  return {
    classes: [t("beyond"), t("within")].map((label, place) => ({ label, colour: data.colours.problem[place] })),
    classOf: data.areas.code.map((_, place) => ({ 1: 0, 0: 1 })[column?.[place]] ?? -1),
  };
}

function numberClasses(theme, year) {
  const key = theme.kind === "index" ? "index" : theme.factor.key;
  const high = theme.kind === "index" || theme.factor.worse === "high";
  const cuts = data.classes[key];
  const decimals = theme.kind === "index" ? 2 : Math.min(2, decimalsOf(theme.factor));
  const show = (cut) => number(cut, decimals);
  const labels = cuts.map((cut, place) => (place === 0
    ? t(high ? "at_least" : "at_most", { value: show(cut) })
    : t("between", high ? { low: show(cut), high: show(cuts[place - 1]) } : { low: show(cuts[place - 1]), high: show(cut) })));
  labels.push(t(high ? "below" : "above", { value: show(cuts.at(-1)) }));
  const of = theme.kind === "index" ? (place) => year.index?.[place] ?? null : (place) => value(year, theme.factor, place);
  return {
    classes: labels.map((label, place) => ({ label, colour: data.colours.classes[place] })),
    classOf: data.areas.code.map((_, place) => {
      const own = of(place);
      if (own === null) return -1;
      const found = cuts.findIndex((cut) => (high ? own >= cut : own <= cut));
      return found < 0 ? cuts.length : found;
    }),
  };
}

// The areas in other kommuner whose profile is nearest: root mean square difference over the factors that both have,
// in standard deviations between areas. At least half of the factors must be there.
export function mostAlike(year, place, count = 5) {
  const spread = spreads(year);
  const own = data.factors.map((factor) => value(year, factor, place));
  const found = [];
  for (const other of everyArea()) {
    if (other === place || (kommunOf(place).code && data.areas.kommun[other] === data.areas.kommun[place])) continue;
    let sum = 0;
    let seen = 0;
    data.factors.forEach((factor, column) => {
      const theirs = own[column] === null || !spread[column] ? null : value(year, factor, other);
      if (theirs === null) return;
      sum += ((theirs - own[column]) / spread[column]) ** 2;
      seen += 1;
    });
    if (seen * 2 >= data.factors.length && seen > 0) found.push({ place: other, distance: Math.sqrt(sum / seen) });
  }
  found.sort((a, b) => a.distance - b.distance || a.place - b.place);
  return found.slice(0, count);
}

function spreads(year) {
  const key = `spread ${year.year}`;
  if (!memory.has(key)) {
    memory.set(key, data.factors.map((factor) => {
      const seen = everyArea().map((place) => value(year, factor, place)).filter((one) => one !== null);
      const mean = seen.reduce((sum, one) => sum + one, 0) / seen.length;
      return Math.sqrt(seen.reduce((sum, one) => sum + (one - mean) ** 2, 0) / seen.length) || 0;
    }));
  }
  return memory.get(key);
}

// Search by code, name or kommun: what begins with the words comes first, then what holds them.
export function search(words, count = 8) {
  const wanted = fold(words).trim();
  if (!wanted) return [];
  const found = [];
  data.kommuner.forEach((kommun, place) => {
    const name = fold(kommun.name);
    if (name.startsWith(wanted) || kommun.code === wanted) found.push({ rank: 0, kommun: place, label: kommun.name });
  });
  data.areas.code.forEach((code, place) => {
    const name = fold(data.areas.name[place]);
    const both = `${name} ${fold(kommunOf(place).name)}`;
    const rank = fold(code) === wanted ? 0 : name.startsWith(wanted) || fold(code).startsWith(wanted) ? 1
      : wanted.split(/\s+/).every((word) => both.includes(word)) ? 2 : null;
    if (rank !== null) found.push({ rank, place, label: nameOf(place) });
  });
  found.sort((a, b) => a.rank - b.rank || a.label.localeCompare(b.label, lang()));
  return found.slice(0, count);
}

export function fold(words) {
  return String(words).normalize("NFC").toLocaleLowerCase("sv");
}
