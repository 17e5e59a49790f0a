// What is said of an area, by templates: the same figures always give the same sentences.

import { all, counted, countryRate, exists, groupName, groupings, kommunOf, lanName, observed, rate, sure, value } from "./data.js";
import { amount, decimalsOf, list, number, pick, share, t } from "./words.js";

const FEW = 3; // flips that are named

// Whether the figures may be published, and why: the first line of the page.
export function disclosure() {
  return all().disclosure.map((reason) => pick(reason)).join(" ");
}

// Where an area stands: problems, groups, how sure; one sentence each.
export function standing(year, place) {
  const said = [];
  const beyond = all().factors.filter((factor) => year.factors[factor.key]?.problem?.[place] === 1);
  const seen = all().factors.filter((factor) => observed(year, factor, place));
  if (year.n_problems) {
    said.push(beyond.length === 0 ? t("card_no_problem", { seen: seen.length, all: all().factors.length })
      : t("card_problems", { count: beyond.length, seen: seen.length, factors: list(beyond.map((factor) => pick(factor.name).toLocaleLowerCase())) }));
    if (seen.length < all().factors.length) said.push(t("card_unseen", { factors: list(unseen(year, place)) }));
  }
  for (const grouping of groupings()) {
    if (!(grouping in year)) continue;
    said.push(groupSentence(year, grouping, place));
  }
  if (year.index_rank?.[place]) said.push(rankSentence(year, place));
  return said;
}

// Where an area lies, its code, its residents and the year, in one line.
export function whereWords(year, place) {
  const kommun = kommunOf(place);
  const people = exists(year, place) && year.population[place] !== null && t("residents_count", { count: number(year.population[place]) });
  return [kommun.name, lanName(kommun.lan), all().areas.code[place], people, String(year.year)].filter(Boolean).join(" · ");
}

function unseen(year, place) {
  return all().factors.filter((factor) => !observed(year, factor, place))
    .map((factor) => `${pick(factor.name).toLocaleLowerCase()} (${statusWord(year, factor, place)})`);
}

export function statusWord(year, factor, place) {
  const status = all().statuses[year.factors[factor.key]?.status[place]] ?? "missing";
  return t(`status_${status}`);
}

function groupSentence(year, grouping, place) {
  const group = year[grouping][place];
  const name = groupName(year, grouping, group);
  if (grouping === "composite_group" && group === null) {
    const ends = [year.composite_group_mildest?.[place], year.composite_group_harshest?.[place]];
    return t("card_undecided", { mildest: groupName(year, grouping, ends[0]), harshest: groupName(year, grouping, ends[1]) });
  }
  const words = { grouping: t(`grouping_${grouping}`), name };
  if (group === null) return t("card_no_group", words);
  const probability = sure(year, grouping, "chance", place);
  if (probability === null) return t(grouping === "cluster" || all().method.certainty ? "card_group_unmeasured" : "card_group", words);
  const { core, edge } = all().method.certainty ?? { core: 0.9, edge: 0.6 };
  const said = t(probability >= core ? "card_group_sure" : probability >= edge ? "card_group_fair" : "card_group_unsure", { ...words, share: share(probability) });
  return [said, secondSentence(year, grouping, place)].filter(Boolean).join(" ");
}

// The runner-up, where simulations gave it; of clusters it is the second nearest, which now and then is not the next likely.
function secondSentence(year, grouping, place) {
  const [second, chance] = runnerUp(year, grouping, place);
  if (second === null || chance === 0 || againstTheOdds(year, grouping, place)) return null;
  return t(grouping === "cluster" ? "card_group_nearest" : "card_group_second", { name: groupName(year, grouping, second), share: share(chance) });
}

function runnerUp(year, grouping, place) {
  return ["second", "second_chance"].map((what) => sure(year, grouping, what, place));
}

function againstTheOdds(year, grouping, place) {
  const [chance, [, other]] = [sure(year, grouping, "chance", place), runnerUp(year, grouping, place)];
  return chance !== null && other !== null && other > chance;
}

// Where another group is more likely than the one that the area counts as.
export function warnings(year, place) {
  return groupings().filter((grouping) => grouping in year && againstTheOdds(year, grouping, place)).map((grouping) => {
    const [second, chance] = runnerUp(year, grouping, place);
    return t("card_against", { grouping: t(`grouping_${grouping}`), name: groupName(year, grouping, year[grouping][place]), second: groupName(year, grouping, second),
      share: share(sure(year, grouping, "chance", place)), second_share: share(chance) });
  });
}

// How well the clusters of a year stand as kinds of areas: their stability, and what the rule of the method found.
export function clusterWords(year) {
  const { stability, structure } = year;
  const said = stability === null ? [] : [t("stability", { value: number(stability, 2) })];
  if (!structure) return said;
  if (structure.verdict === "bands") return [...said, t("structure_bands")];
  if (structure.own_stands === null) return [...said, t("structure_unseen")];
  const own = year.groups.cluster.filter((one) => one.group !== null).length;
  if (structure.choice === own) return [...said, t("structure_types")];
  return [...said, t(structure.own_stands ? "structure_stands" : "structure_falls", { choice: number(structure.choice) })];
}

function rankSentence(year, place) {
  const [low, high] = [year.index_rank_low?.[place], year.index_rank_high?.[place]];
  const facts = { rank: number(year.index_rank[place]), of: number(year.index_rank.filter((one) => one !== null).length), low: number(low), high: number(high) };
  const level = all().method.certainty ? number(100 * all().method.certainty.level) : "";
  return low === null || low === undefined ? t("card_rank", facts) : t("card_rank_interval", { ...facts, level });
}

// One factor in plain words: the value, the counts behind it, the limit, the kommun and the country.
export function factorFacts(year, factor, place) {
  const column = year.factors[factor.key];
  const [own, plain] = [value(year, factor, place), counted(year, factor, place)];
  const kommun = kommunOf(place).code ? rate(year, factor, all().inKommun[all().areas.kommun[place]]) : null;
  const country = countryRate(year, factor);
  const limit = year.limits[factor.key] ?? null;
  const said = [];
  if (own === null) said.push(t("fact_unseen", { why: statusWord(year, factor, place) }));
  else if (factor.counts) said.push(t(factor.unit === "per 1000" ? "fact_events" : "fact_counts", { value: amount(plain, factor), n: number(column.n[place]), d: number(column.d[place]) }));
  else said.push(t("fact_value", { value: amount(own, factor) }));
  if (own !== null && column.judged) said.push(t("fact_judged", { value: amount(own, factor) }));
  const problem = column?.problem?.[place];
  if (problem === 1) said.push(t(factor.worse === "high" ? "fact_beyond_high" : "fact_beyond_low", { limit: number(limit, decimalsOf(factor)) }));
  else if (problem === 0 && limit !== null) said.push(t("fact_within", { limit: number(limit, decimalsOf(factor)) }));
  if (column?.borrowed?.[place]) said.push(t("fact_borrowed"));
  said.push(t("fact_places", { kommun: number(kommun, decimalsOf(factor)), country: number(country, decimalsOf(factor)), name: kommunOf(place).name }));
  return { own, kommun, country, limit, problem, text: said.join(" ") };
}

// What would flip a factor: first those that change the composite group too, then those that take fewest persons. Where
// every factor is seen, the first is the one that the release names.
export function flips(year, place) {
  const found = [];
  for (const factor of all().factors) {
    const column = year.factors[factor.key];
    const persons = column?.persons?.[place];
    if (persons === null || persons === undefined || persons === 0) continue;
    const flipped = column.flipped?.[place] ?? null;
    found.push({ persons: Math.abs(persons), stays: flipped === null || flipped === year.composite_group?.[place], said: flipSentence(year, place, factor, persons) });
  }
  found.sort((a, b) => a.stays - b.stays || a.persons - b.persons);
  return found.slice(0, FEW).map((one) => one.said);
}

function flipSentence(year, place, factor, persons) {
  const column = year.factors[factor.key];
  const said = t(column.problem[place] === 1 ? "flip_off" : "flip_on", { factor: pick(factor.name), change: changeWords(factor, persons, column.d[place]) });
  const flipped = column.flipped?.[place];
  if (flipped === undefined || flipped === null) return said;
  const same = flipped === year.composite_group?.[place];
  return `${said} ${same ? t("flip_same") : t("flip_group", { name: groupName(year, "composite_group", flipped) })}`;
}

// Why some factors with a limit have no flip: no count of the area alone could carry them over it.
export function flipless(year, place) {
  const judged = all().factors.filter((factor) => (year.factors[factor.key]?.problem?.[place] ?? null) !== null);
  const ofKommun = judged.filter((factor) => factor.level === "kommun");
  const bare = judged.filter((factor) => factor.level !== "kommun" && !factor.counts && !year.factors[factor.key].persons);
  return [["flip_kommun", ofKommun], ["flip_bare", bare]].filter(([, factors]) => factors.length)
    .map(([key, factors]) => t(key, { factors: list(factors.map((factor) => pick(factor.name).toLocaleLowerCase())) }));
}

// What would flip the cluster and the band: the factor in which the fewest persons would do it.
export function groupFlips(year, place) {
  return groupings().filter((grouping) => grouping !== "composite_group" && grouping in year).flatMap((grouping) => {
    const [at, persons, group] = ["flip_factor", "flip_persons", "flip_group"].map((what) => sure(year, grouping, what, place));
    const factor = all().factors[at];
    if (!factor || persons === null) return [];
    const facts = { grouping: t(`grouping_${grouping}`), factor: pick(factor.name).toLocaleLowerCase(), change: changeWords(factor, persons, year.factors[factor.key].d[place]) };
    return [group === null ? t("flip_grouping_unknown", facts) : t("flip_grouping", { ...facts, name: groupName(year, grouping, group) })];
  });
}

// "23 fewer eligible pupils (of 144)"; without a word for those counted, in numerator and denominator.
function changeWords(factor, persons, of) {
  const facts = { count: number(Math.abs(persons)), d: number(of), direction: t(persons > 0 ? "more" : "fewer") };
  const change = factor.counted ? t("change_counted", { ...facts, counted: pick(factor.counted) }) : t("change_numerator", facts);
  return factor.level === "kommun" ? t("flip_kommun_change", { change }) : change;
}

// A factor behind a move: what it was and became, the limit, and what would have kept it on its old side.
function reasonWords([key, old, next, oldLimit, limit, persons, of, wasProblem, moved]) {
  const factor = all().factors.find((one) => one.key === key);
  if (!factor) return "";
  const shown = (value) => (value === null ? t("unknown_value") : number(value, decimalsOf(factor)));
  const facts = { factor: pick(factor.name), old: shown(old), new: next === null ? t("unknown_value") : amount(next, factor), moved: shown(moved) };
  const said = [t(moved !== null && shown(moved) !== facts.old ? "reason_borders" : "reason", facts)];
  if (limit !== null) {
    const limits = { old: shown(oldLimit), limit: shown(limit) };
    const both = oldLimit !== null && limits.old !== limits.limit;
    said.push(t(both ? "reason_limits" : "reason_limit", limits));
  }
  if (persons !== null) said.push(t(wasProblem ? "reason_kept_beyond" : "reason_kept_within", { change: changeWords(factor, persons, of) }));
  return said.join(" ");
}

// A factor behind a move between clusters: what it was and became, and what would have kept the area nearer the old one.
function nearerWords([key, old, next, persons, of, yardstick]) {
  const factor = all().factors.find((one) => one.key === key);
  if (!factor) return "";
  const said = [t("reason", { factor: pick(factor.name), old: old === null ? t("unknown_value") : number(old, decimalsOf(factor)), new: next === null ? t("unknown_value") : amount(next, factor) })];
  if (yardstick) said.push(t("reason_yardstick"));
  if (persons !== null) said.push(t("reason_nearer", { change: changeWords(factor, persons, of) }));
  return said.join(" ");
}

export function causeWords(cause) {
  return t(`cause_${cause}`);
}

// Why an area changed group between two releases: [{grouping, from, to, cause, reasons}].
export function changesOf(place) {
  return all().moves.flatMap((pair) => Object.entries(pair.moves).flatMap(([grouping, moves]) => moves
    .filter((move) => move[0] === place)
    .map((move) => ({ from: pair.from, to: pair.to, grouping, ...readMove(move, grouping) }))));
}

export function readMove([place, old, group, cause, reasons], grouping) {
  return { place, old, group, cause, reasons: reasons.map((one) => (grouping === "cluster" ? nearerWords(one) : reasonWords(one))).filter(Boolean) };
}
