// What is said of an area, by templates: the same figures always give the same sentences.

import { all, countryRate, factorOf, groupName, groupings, kommunOf, observed, rate, value } from "./data.js";
import { amount, decimalsOf, list, number, pick, t, unitWord } from "./words.js";

const FEW = 3; // of the flips, those that take fewest persons

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
  if (group === null) return t("card_no_group", { grouping: t(`grouping_${grouping}`) });
  const sure = year.certainty?.[`${grouping}_probability`]?.[place];
  if (grouping === "cluster") return clusterSentence(year, place, name);
  if (sure !== null && sure !== undefined) return t("card_group_sure", { grouping: t(`grouping_${grouping}`), name, share: number(100 * sure) });
  return t("card_group", { grouping: t(`grouping_${grouping}`), name });
}

function clusterSentence(year, place, name) {
  const share = year.cluster_probability?.[place];
  if (share === null || share === undefined) return t("card_cluster", { name });
  const second = year.cluster_second?.[place];
  const { core, edge } = all().method.certainty ?? { core: 0.9, edge: 0.6 };
  const said = t(share >= core ? "card_cluster_sure" : share >= edge ? "card_cluster_fair" : "card_cluster_unsure", { name, share: number(100 * share) });
  return share < 0.995 && second ? `${said} ${t("card_cluster_second", { name: groupName(year, "cluster", second) })}` : said;
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
  const own = value(year, factor, place);
  const kommun = rate(year, factor, all().inKommun[all().areas.kommun[place]]);
  const country = countryRate(year, factor);
  const limit = year.limits[factor.key] ?? null;
  const said = [];
  if (own === null) said.push(t("fact_unseen", { why: statusWord(year, factor, place) }));
  else if (factor.counts) said.push(t(factor.unit === "per 1000" ? "fact_events" : "fact_counts", { value: amount(own, factor), n: number(column.n[place]), d: number(column.d[place]) }));
  else said.push(t("fact_value", { value: amount(own, factor) }));
  const problem = column?.problem?.[place];
  if (problem === 1) said.push(t(factor.worse === "high" ? "fact_beyond_high" : "fact_beyond_low", { limit: number(limit, decimalsOf(factor)) }));
  else if (problem === 0 && limit !== null) said.push(t("fact_within", { limit: number(limit, decimalsOf(factor)) }));
  said.push(t("fact_places", { kommun: number(kommun, decimalsOf(factor)), country: number(country, decimalsOf(factor)), name: kommunOf(place).name }));
  return { own, kommun, country, limit, problem, text: said.join(" ") };
}

// What would flip a factor, those that take the smallest share of persons first.
export function flips(year, place) {
  const found = [];
  for (const factor of all().factors) {
    const column = year.factors[factor.key];
    const persons = column?.persons?.[place];
    if (persons === null || persons === undefined || persons === 0) continue;
    found.push({ factor, persons, share: Math.abs(persons) / column.d[place], said: flipSentence(year, place, factor, persons) });
  }
  found.sort((a, b) => a.share - b.share);
  return found.slice(0, FEW).map((one) => one.said);
}

function flipSentence(year, place, factor, persons) {
  const column = year.factors[factor.key];
  const facts = { factor: pick(factor.name), count: number(Math.abs(persons)), d: number(column.d[place]), direction: t(persons > 0 ? "more" : "fewer") };
  const said = t(column.problem[place] === 1 ? "flip_off" : "flip_on", facts);
  const flipped = column.flipped?.[place];
  if (flipped === undefined || flipped === null) return said;
  const same = flipped === year.composite_group?.[place];
  return `${said} ${same ? t("flip_same") : t("flip_group", { name: groupName(year, "composite_group", flipped) })}`;
}

// Why an area changed group between two releases: [{grouping, from, to, cause, reasons}].
export function changesOf(place) {
  return all().moves.flatMap((pair) => Object.entries(pair.moves).flatMap(([grouping, moves]) => moves
    .filter((move) => move[0] === place)
    .map((move) => ({ from: pair.from, to: pair.to, grouping, ...readMove(move) }))));
}

export function readMove([place, old, group, cause, sv, en]) {
  return { place, old, group, cause, reasons: { sv, en } };
}

export function unitOf(key) {
  return unitWord(factorOf(key).unit);
}
