// Year after year: flows between groups, who entered and who left, by county, and why.

import { flowChart } from "./charts.js";
import { all, everyArea, exists, groupColour, groupName, groupings, kommunOf, nameOf, residents, yearOf } from "./data.js";
import { byId, el, option, put, scroller, simpleTable } from "./dom.js";
import { whyMoved } from "./card.js";
import { readMove } from "./sentences.js";
import { go, now, write } from "./state.js";
import { number, t } from "./words.js";

const LISTED = 60; // moves on the page; the table of `compare` has them all

export function startChange() {
  for (const name of ["grouping", "from", "to"]) byId(`change-${name}`).addEventListener("change", (event) => go({ [name]: event.target.value }));
}

export function showChange() {
  const { years } = all();
  const grouping = now().grouping;
  const own = years.filter((year) => grouping in year);
  if (own.length < 2) {
    byId("change-place").replaceChildren(el("p", {}, t("change_one_year")));
    byId("change-choice").hidden = true;
    return;
  }
  const to = own.find((year) => String(year.year) === now().to) ?? own.at(-1);
  const from = own.find((year) => String(year.year) === now().from && year.year < to.year) ?? own[Math.max(0, own.indexOf(to) - 1)];
  byId("change-grouping").replaceChildren(...groupings().map((one) => option(one, t(`grouping_${one}`), grouping)));
  byId("change-from").replaceChildren(...own.filter((year) => year.year < to.year).map((year) => option(String(year.year), String(year.year), String(from.year))));
  byId("change-to").replaceChildren(...own.slice(1).map((year) => option(String(year.year), String(year.year), String(to.year))));
  put(byId("change-place"),
    flow(own, grouping),
    el("h3", {}, t("change_between", { from: from.year, to: to.year })),
    editions(from, to),
    causes(from, to, grouping),
    scroller(t("change_matrix"), matrix(from, to, grouping)),
    entered(from, to, grouping),
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

// Areas that never left the mildest group would drown the others: the chart leaves them out, and says how many.
function flow(years, grouping) {
  const groups = groupsOf(years, grouping);
  const mildest = groups.filter((one) => one !== null).at(-1);
  const known = inAll(years);
  const moving = known.filter((place) => years.some((year) => year[grouping][place] !== mildest));
  const flows = years.slice(1).flatMap((next, at) => {
    const year = years[at];
    const count = d3.rollup(moving, (part) => part.length, (place) => year[grouping][place], (place) => next[grouping][place]);
    return [...count].flatMap(([from, ends]) => [...ends].map(([to, areas]) => ({ year: year.year, next: next.year, from, to, areas })));
  });
  const names = (group) => groupName(years.at(-1), grouping, group);
  return el("section", {}, el("h3", {}, t("flow_title", { from: years[0].year, to: years.at(-1).year })),
    el("p", { class: "key" }, groups.map((group) => el("span", {}, el("i", { class: "swatch", colour: groupColour(grouping, group), "aria-hidden": "true" }), names(group)))),
    scroller(t("flow_label"), flowChart(years.map((year) => year.year), groups, flows, (group) => groupColour(grouping, group), names)),
    el("p", { class: "small" }, t("flow_note", { count: number(known.length - moving.length), name: names(mildest) })));
}

function editions(from, to) {
  if (from.edition === to.edition) return null;
  return el("p", { class: "warning" }, t("editions_differ", { from: from.edition, to: to.edition }));
}

function pairMoves(from, to, grouping) {
  return all().moves.find((pair) => pair.from === from.year && pair.to === to.year)?.moves[grouping]?.map(readMove) ?? null;
}

function causes(from, to, grouping) {
  const found = pairMoves(from, to, grouping);
  if (!found?.length) return null;
  const count = d3.rollups(found, (part) => part.length, (move) => move.cause).sort((a, b) => b[1] - a[1]);
  return el("p", {}, t("causes_sum"), " ", count.map(([cause, many]) => `${all().words_causes[cause]?.[now().lang] ?? cause}: ${number(many)}`).join(". "), ".");
}

function matrix(from, to, grouping) {
  const groups = groupsOf([from, to], grouping);
  const count = d3.rollup(inAll([from, to]), (part) => part.length, (place) => from[grouping][place], (place) => to[grouping][place]);
  return simpleTable(t("change_matrix_caption", { from: from.year, to: to.year }), [`${from.year} \\ ${to.year}`, ...groups.map((group) => groupName(to, grouping, group))],
    groups.map((group) => [groupName(from, grouping, group), ...groups.map((end) => number(count.get(group)?.get(end) ?? 0))]));
}

function entered(from, to, grouping) {
  const groups = groupsOf([from, to], grouping).filter((group) => group !== null);
  const places = (test) => inAll([from, to]).filter(test);
  const rows = groups.map((group) => {
    const came = places((place) => to[grouping][place] === group && from[grouping][place] !== group);
    const left = places((place) => from[grouping][place] === group && to[grouping][place] !== group);
    return [groupName(to, grouping, group), number(came.length), number(left.length), number(residents(to, came)), number(residents(to, left))];
  });
  const mildest = groups.at(-1);
  const lan = all().lan.map((one) => {
    const own = places((place) => kommunOf(place).lan === one.code);
    const out = (year, place) => year[grouping][place] !== null && year[grouping][place] !== mildest;
    return [one.name, ...[own.filter((place) => out(from, place)), own.filter((place) => !out(from, place) && out(to, place)), own.filter((place) => out(from, place) && !out(to, place)), own.filter((place) => out(to, place))].map((part) => number(part.length))];
  });
  return [scroller(t("entered_left"), simpleTable(t("entered_left"), [t("group"), t("entered"), t("left"), t("entered_residents"), t("left_residents")], rows)),
    el("details", {}, el("summary", {}, t("by_lan")), scroller(t("by_lan"), simpleTable(t("by_lan_caption", { name: groupName(to, grouping, mildest) }), [t("column_lan"), String(from.year), t("entered"), t("left"), String(to.year)], lan)))];
}

function moves(from, to, grouping) {
  const known = pairMoves(from, to, grouping);
  const found = known ?? inAll([from, to]).filter((place) => from[grouping][place] !== to[grouping][place]).map((place) => ({ place, old: from[grouping][place], group: to[grouping][place], grouping, cause: "", reasons: {} }));
  found.sort((a, b) => (to.population[b.place] ?? 0) - (to.population[a.place] ?? 0));
  return el("section", {}, el("h3", {}, t("who_moved", { count: number(found.length) })),
    el("ul", { class: "moves" }, found.slice(0, LISTED).map((move) => el("li", {},
      el("a", { href: write({ ...now(), view: "map", area: all().areas.code[move.place] }) }, `${nameOf(move.place)}, ${kommunOf(move.place).name}`),
      ` ${groupName(from, grouping, move.old)} → ${groupName(to, grouping, move.group)}`,
      move.cause ? el("p", { class: "why" }, whyMoved({ ...move, grouping })) : null))),
    found.length > LISTED ? el("p", { class: "small" }, t("moves_more", { count: number(found.length - LISTED) })) : null,
    known === null ? el("p", { class: "small" }, t("moves_no_cause")) : null);
}

export function yearAfter(year) {
  const { years } = all();
  return years[(years.indexOf(yearOf(year)) + 1) % years.length];
}
