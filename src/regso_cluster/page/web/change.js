// Year after year: flows between groups, who entered and who left, by county, and why.

import { chip } from "./chip.js";
import { flowChart } from "./charts.js";
import { all, everyArea, exists, fullName, groupColour, groupName, groupings, hasResidents, isOrdered, kommunOf, lanName, residents, yearOf } from "./data.js";
import { byId, el, option, put, scroller, simpleTable, swatch } from "./dom.js";
import { causeWords, readMove } from "./sentences.js";
import { go, now, write } from "./state.js";
import { number, said, t } from "./words.js";

const SHOWN = 12; // moves that are shown at once
const NAMED = 6; // areas that are named in a line
const LISTED = 300; // moves on the page; the table of `compare` has them all

export const changeView = { start: startChange, offered, show: showChange };

// Groupings that two years have: what can be compared.
function compared() {
  return groupings().filter((grouping) => all().years.filter((year) => grouping in year).length > 1);
}

function offered() {
  return compared().length > 0;
}

function startChange() {
  for (const name of ["grouping", "from", "to"]) byId(`change-${name}`).addEventListener("change", (event) => go({ [name]: event.target.value }));
}

function showChange() {
  const { years } = all();
  const choices = compared();
  if (!choices.length) { // no tab leads here, but a link can
    const why = years.length < 2 ? "change_one_year" : groupings().length ? "change_no_pair" : "change_no_groups";
    byId("change-place").replaceChildren(el("p", {}, t(why)));
    byId("change-choice").hidden = true;
    return;
  }
  const grouping = choices.includes(now().grouping) ? now().grouping : choices[0];
  const own = years.filter((year) => grouping in year);
  const to = own.slice(1).find((year) => String(year.year) === now().to) ?? own.at(-1); // the first year has none before it
  const from = own.find((year) => String(year.year) === now().from && year.year < to.year) ?? own[Math.max(0, own.indexOf(to) - 1)];
  byId("change-grouping").replaceChildren(...choices.map((one) => option(one, t(`grouping_${one}`), grouping)));
  byId("change-from").replaceChildren(...own.filter((year) => year.year < to.year).map((year) => option(String(year.year), String(year.year), String(from.year))));
  byId("change-to").replaceChildren(...own.slice(1).map((year) => option(String(year.year), String(year.year), String(to.year))));
  put(byId("change-place"),
    flow(own, grouping),
    el("h3", {}, t("change_between", { from: from.year, to: to.year })),
    notes(from, to),
    el("div", { class: "beside" },
      scroller(t("change_matrix"), matrix(from, to, grouping)),
      scroller(t("entered_left"), entered(from, to, grouping)),
      causes(from, to, grouping)),
    byLan(from, to, grouping),
    moves(from, to, grouping));
}

function groupsOf(years, grouping) {
  const found = new Set(years.flatMap((year) => year.groups[grouping].map((one) => one.group)));
  return [...found].sort((a, b) => (a ?? 999) - (b ?? 999));
}

// Areas of every one of these years: one that is in a single edition neither enters nor leaves a group.
function inAll(years) {
  return everyArea().filter((place) => years.every((year) => exists(year, place)));
}

// The group that would drown the others in the chart: of ordered groups the mildest, of clusters the one with most areas.
function ground(years, grouping) {
  const last = years.at(-1).groups[grouping].filter((one) => one.group !== null);
  if (isOrdered(grouping)) return groupsOf(years, grouping).filter((one) => one !== null).at(-1);
  return d3.greatest(last, (one) => one.areas)?.group;
}

// The chart leaves out areas that were in that group every year, and says how many.
function flow(years, grouping) {
  const groups = groupsOf(years, grouping);
  const most = ground(years, grouping);
  const known = everyArea().filter((place) => years.some((year) => exists(year, place)));
  const lost = known.filter((place) => !years.every((year) => exists(year, place)));
  const moving = known.filter((place) => years.some((year) => !exists(year, place) || year[grouping][place] !== most));
  const sizes = years.map((year) => d3.rollup(moving.filter((place) => exists(year, place)), (part) => part.length, (place) => year[grouping][place])); // as each year counts them
  const flows = years.slice(1).flatMap((next, at) => {
    const year = years[at];
    const count = d3.rollup(moving.filter((place) => exists(year, place) && exists(next, place)), (part) => part.length, (place) => year[grouping][place], (place) => next[grouping][place]);
    return [...count].flatMap(([from, ends]) => [...ends].map(([to, areas]) => ({ year: year.year, next: next.year, from, to, areas })));
  });
  const names = (group) => groupName(years.at(-1), grouping, group);
  return el("section", {}, el("h3", {}, t("flow_title", { from: years[0].year, to: years.at(-1).year })),
    el("p", { class: "key" }, groups.map((group) => el("span", {}, swatch(groupColour(grouping, group)), names(group)))),
    scroller(t("flow_label"), flowChart(years.map((year) => year.year), groups, flows, sizes, (group) => groupColour(grouping, group), names)),
    el("p", { class: "small" }, t("flow_note", { count: number(known.length - moving.length), name: names(most) }),
      lost.length ? ` ${t("flow_absent", { count: number(lost.length), areas: lost.slice(0, NAMED).map(fullName).join(", ") + (lost.length > NAMED ? " ..." : "") })}` : null));
}

// What a reader should know of the two years: other editions, and what the comparison noted.
function notes(from, to) {
  const found = all().moves.find((pair) => pair.from === from.year && pair.to === to.year)?.notes ?? [];
  return [from.edition === to.edition ? null : el("p", { class: "warning" }, t("editions_differ", { from: from.edition, to: to.edition })),
    found.length ? el("ul", { class: "small" }, found.map((one) => el("li", {}, said(one)))) : null];
}

function pairMoves(from, to, grouping) {
  return all().moves.find((pair) => pair.from === from.year && pair.to === to.year)?.moves[grouping]?.map((move) => readMove(move, grouping)) ?? null;
}

function causes(from, to, grouping) {
  const found = pairMoves(from, to, grouping);
  if (!found?.length) return null;
  const count = d3.rollups(found, (part) => part.length, (move) => move.cause).sort((a, b) => b[1] - a[1]);
  return simpleTable(t("causes_sum"), [t("cause"), t("areas")], count.map(([cause, many]) => [causeWords(cause), number(many)]));
}

// From the groups of one year (rows) to those of the other (columns); those that stayed stand on the diagonal.
function matrix(from, to, grouping) {
  const groups = groupsOf([from, to], grouping);
  const count = d3.rollup(inAll([from, to]), (part) => part.length, (place) => from[grouping][place], (place) => to[grouping][place]);
  const cell = (group, end) => {
    const many = count.get(group)?.get(end) ?? 0;
    return el("span", { class: group === end ? "stayed" : many ? "went" : "none" }, number(many));
  };
  const table = simpleTable(t("change_matrix_caption", { from: from.year, to: to.year }), [t("matrix_corner", { from: from.year, to: to.year }), ...groups.map((group) => groupName(to, grouping, group))],
    groups.map((group) => [chip(from, grouping, group), ...groups.map((end) => cell(group, end))]));
  table.classList.add("matrix");
  return table;
}

function entered(from, to, grouping) {
  const groups = groupsOf([from, to], grouping).filter((group) => group !== null);
  const places = (test) => inAll([from, to]).filter(test);
  return simpleTable(t("entered_left"), [t("group"), t("entered"), t("left"), ...(hasResidents(to) ? [t("entered_residents"), t("left_residents")] : [])], groups.map((group) => {
    const came = places((place) => to[grouping][place] === group && from[grouping][place] !== group);
    const left = places((place) => from[grouping][place] === group && to[grouping][place] !== group);
    return [chip(to, grouping, group), number(came.length), number(left.length), ...(hasResidents(to) ? [number(residents(to, came)), number(residents(to, left))] : [])];
  }));
}

// Of ordered groups: who is in others than the mildest, county by county; of clusters, which are no scale: who changed.
function byLan(from, to, grouping) {
  const known = inAll([from, to]);
  const parts = all().lan.map((one) => [lanName(one.code), known.filter((place) => kommunOf(place).lan === one.code)]);
  if (!parts.length) return null;
  const table = isOrdered(grouping) ? byLanOrdered(from, to, grouping, parts)
    : simpleTable(t("by_lan_changed"), [t("column_lan"), t("areas"), t("changed_group")],
      parts.map(([name, own]) => [name, number(own.length), number(own.filter((place) => from[grouping][place] !== to[grouping][place]).length)]));
  return el("details", {}, el("summary", {}, t("by_lan")), scroller(t("by_lan"), table));
}

function byLanOrdered(from, to, grouping, parts) {
  const mildest = groupsOf([from, to], grouping).filter((group) => group !== null).at(-1);
  const out = (year, place) => year[grouping][place] !== null && year[grouping][place] !== mildest;
  return simpleTable(t("by_lan_caption", { name: groupName(to, grouping, mildest) }), [t("column_lan"), String(from.year), t("entered"), t("left"), String(to.year)],
    parts.map(([name, own]) => [name, ...[own.filter((place) => out(from, place)), own.filter((place) => !out(from, place) && out(to, place)), own.filter((place) => out(from, place) && !out(to, place)), own.filter((place) => out(to, place))].map((part) => number(part.length))]));
}

function moves(from, to, grouping) {
  const known = pairMoves(from, to, grouping);
  const found = known ?? inAll([from, to]).filter((place) => from[grouping][place] !== to[grouping][place]).map((place) => ({ place, old: from[grouping][place], group: to[grouping][place], cause: "", reasons: [] }));
  found.sort((a, b) => (to.population[b.place] ?? 0) - (to.population[a.place] ?? 0));
  const items = (part) => el("ul", { class: "moves" }, part.map((move) => el("li", {},
      el("p", {}, el("a", { href: write({ ...now(), view: "map", area: all().areas.code[move.place] }) }, fullName(move.place))),
      el("p", { class: "step" }, chip(from, grouping, move.old), el("span", {}, "→"), chip(to, grouping, move.group)),
      move.cause ? el("div", { class: "why" }, el("p", {}, `${causeWords(move.cause)}.`), move.reasons.map((one) => el("p", {}, one))) : null)));
  const rest = found.slice(SHOWN, LISTED);
  return el("section", {}, el("h3", {}, t("who_moved", { count: number(found.length) })),
    items(found.slice(0, SHOWN)),
    rest.length ? el("details", {}, el("summary", {}, t("moves_rest", { count: number(rest.length) })), items(rest)) : null,
    found.length > LISTED ? el("p", { class: "small" }, t("moves_more", { count: number(found.length - LISTED) })) : null,
    known === null ? el("p", { class: "small" }, t("moves_no_cause")) : null);
}

export function yearAfter(year) {
  const { years } = all();
  return years[(years.indexOf(yearOf(year)) + 1) % years.length];
}
