// The card of an area: where it stands, each factor, what would flip it, areas alike, its history.

import { chip } from "./chip.js";
import { line, strip, stripKey } from "./charts.js";
import { all, exists, fullName, groupings, hasKommuner, hasLimits, mostAlike, nameOf, rangeOf } from "./data.js";
import { byId, el, put, scroller } from "./dom.js";
import { CONTEXT, showAreas } from "./map.js";
import { hasMap } from "./outlines.js";
import { printCard, printKommun } from "./print.js";
import { causeWords, changesOf, factorFacts, flipless, flips, groupFlips, standing, warnings, whereWords } from "./sentences.js";
import { go, now, write } from "./state.js";
import { number, pick, t } from "./words.js";

export function showCard(year, place) {
  const card = byId("card");
  card.hidden = place === undefined;
  byId("card-none").hidden = place !== undefined;
  byId("card-none").textContent = [now().lost && t("card_lost", { code: now().lost }), t(hasMap() ? "card_none" : "card_none_bare")].filter(Boolean).join(" ");
  if (place === undefined) return card.replaceChildren();
  if (!exists(year, place)) return put(card, head(year, place), el("p", { class: "standing" }, t("absent", { year: year.year })), history(place));
  put(card,
    head(year, place),
    el("div", { class: "standing" }, standing(year, place).map((one) => el("p", {}, one))),
    warnings(year, place).map((one) => el("p", { class: "warning" }, one)),
    el("h3", {}, t("card_factors")),
    stripKey({ kommun: hasKommuner(), limit: hasLimits(year) }),
    factorList(year, place),
    flipList(year, place),
    alikeList(year, place),
    history(place),
    tools(year, place),
  );
}

function head(year, place) {
  return el("header", {},
    el("button", { type: "button", class: "close", onclick: () => { go({ area: "" }); byId("search").focus(); }, "aria-label": t("card_close") }, "×"),
    el("h2", { id: "card-title", tabindex: "-1" }, nameOf(place)),
    el("p", { class: "where" }, whereWords(year, place)),
    el("p", { class: "chips" }, !exists(year, place) ? null : groupings().filter((grouping) => grouping in year).map((grouping) => chip(year, grouping, year[grouping][place]))));
}

function factorList(year, place) {
  return el("ul", { class: "factors" }, all().factors.filter((factor) => year.factors[factor.key]).map((factor) => {
    const facts = factorFacts(year, factor, place);
    return el("li", { class: facts.problem === 1 ? "problem" : null },
      el("h4", {}, pick(factor.name), facts.problem === 1 ? el("span", { class: "flag" }, t("beyond")) : null),
      strip(factor, { ...facts, range: rangeOf(year, factor) }),
      el("p", {}, facts.text));
  }));
}

function flipList(year, place) {
  const said = [...flips(year, place), ...groupFlips(year, place)];
  const without = flipless(year, place);
  if (!said.length && !without.length) return null;
  return el("section", {}, el("h3", {}, t("card_flips")), said.length ? el("ul", {}, said.map((one) => el("li", {}, one))) : null,
    without.map((one) => el("p", { class: "small" }, one)), said.length ? el("p", { class: "small" }, t("card_flips_note")) : null);
}

function alikeList(year, place) {
  const found = mostAlike(year, place);
  if (!found.length) return null;
  return el("section", {}, el("h3", {}, t("card_alike")), el("ul", { class: "alike" }, found.map((one) => el("li", {},
    el("a", { href: write({ ...now(), area: all().areas.code[one.place] }), onclick: (event) => follow(event, one.place) }, fullName(one.place)),
    " ", el("span", { class: "small" }, t("card_distance", { distance: number(one.distance, 2) }))))),
  el("p", { class: "small" }, t("card_alike_note")));
}

// Another card in this page; with a key held the browser opens it elsewhere.
function follow(event, place) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({ area: all().areas.code[place] });
  byId("card-title")?.focus();
}

// A row a year: its groups, and beneath it why a group changed.
function history(place) {
  const { years } = all();
  if (years.length < 2) return null;
  const changes = changesOf(place);
  const own = groupings();
  const names = years.map((year) => String(year.year));
  const ranks = ["index_rank", "index_rank_low", "index_rank_high"].map((name) => years.map((year) => year[name]?.[place] ?? null));
  const row = (year) => el("tr", {}, el("th", { scope: "row" }, String(year.year)), !exists(year, place) ? el("td", { colspan: own.length || 1 }, t("absent", { year: year.year }))
    : own.map((grouping) => el("td", {}, grouping in year ? chip(year, grouping, year[grouping][place]) : "–")));
  const why = (year) => changes.filter((change) => change.to === year.year).map((change) => el("tr", { class: "why" }, el("td", {}), el("td", { colspan: own.length || 1 }, whyMoved(change))));
  return el("section", {}, el("h3", {}, t("card_history")),
    scroller(t("card_history"), el("table", { class: "history" }, el("caption", { class: "unseen" }, t("card_history")),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("year")), own.map((grouping) => el("th", { scope: "col" }, t(`grouping_${grouping}`))))),
      el("tbody", {}, years.map((year) => [row(year), why(year)])))),
    ranks[0].some((one) => one !== null) ? [el("h4", {}, t("card_ranks")),
      line(names, ranks[0], { low: ranks[1], high: ranks[2], turned: true, label: t("card_ranks_label", { ranks: years.map((year, at) => `${year.year}: ${number(ranks[0][at])}`).join(", ") }) })] : null);
}

function whyMoved(change) {
  return [el("p", {}, el("b", {}, `${t(`grouping_${change.grouping}`)}: `), `${causeWords(change.cause)}.`), change.reasons.map((one) => el("p", {}, one))];
}

function tools(year, place) {
  const kommun = all().areas.kommun[place];
  return el("p", { class: "tools" },
    hasMap() ? el("button", { type: "button", onclick: () => { go({ view: "map" }); showAreas([place], CONTEXT); } }, t("show_on_map")) : null,
    el("button", { type: "button", onclick: copyLink }, t("copy_link")),
    el("button", { type: "button", id: "print-card", onclick: () => printCard(year, place) }, t("print_card")),
    hasKommuner() && el("button", { type: "button", id: "print-kommun", onclick: () => printKommun(year, kommun) }, t("print_kommun", { name: all().kommuner[kommun].name })));
}

async function copyLink(event) {
  const button = event.currentTarget;
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = t("copied");
  } catch {
    window.prompt(t("copy_this"), location.href); // a browser that keeps the clipboard to itself
  }
}
