// How it was made, what is not covered, how sure it is, and how not to use it.

import { all, areasOf, drawnOtherwise, hasLimits } from "./data.js";
import { byId, el, put, scroller, simpleTable } from "./dom.js";
import { clusterWords } from "./sentences.js";
import { bordersWords, decimalsOf, number, pick, said, t, unitWord } from "./words.js";

export const methodView = { show: ({ year }) => showMethod(year) };

function showMethod(year) {
  const { method } = all();
  put(byId("method-place"),
    el("h2", {}, t("method_title", { title: pick(method.title) })),
    el("div", { class: "pair" },
      el("div", {}, el("p", { class: "lead" }, pick(method.description)),
        method.source ? el("p", {}, `${t("method_source")} `, said(method.source)) : null,
        el("h3", {}, t("rules_title")), rules()),
      el("section", { class: "warning" }, el("h3", {}, t("not_use_title")), el("ul", {}, ["not_use_persons", "not_use_merit", "not_use_cause", "not_use_undecided", "not_use_noise"].map((one) => el("li", {}, t(one)))))),
    el("h3", {}, t(hasLimits(year) ? "factors_title" : "factors_only")), el("p", {}, limitWords(year), method.min_population ? ` ${t("min_population", { count: number(method.min_population) })}` : ""),
    scroller(t("factors_title"), factorTable()),
    el("div", { class: "pair" },
      el("div", {}, el("h3", {}, t("coverage_title", { year: year.year })), scroller(t("coverage_title", { year: year.year }), coverage(year)), el("p", {}, t("coverage_words")), all().maps ? mapWords() : null),
      el("div", {}, el("h3", {}, t("sure_title")), sure(year))),
    el("h3", {}, t("releases_title")), scroller(t("releases_title"), releases()),
    notes(year),
    el("div", { class: "pair" },
      el("div", {}, el("h3", {}, t("privacy_title")), el("p", {}, t("privacy"))),
      el("div", {}, el("h3", {}, t("made_with")), libraries())));
}

// By what the areas of the chosen year were judged: one year may have frozen limits, another its own.
function limitWords(year) {
  if (!hasLimits(year)) return t("limits_none");
  if (year.frozen !== null) return t("limits_frozen", { year: year.year, frozen: year.frozen });
  return year.sd === null ? t("limits_absolute", { year: year.year }) : t("limits_relative", { year: year.year, sd: number(year.sd, Number.isInteger(year.sd) ? 0 : 1) });
}

function factorTable() {
  const { factors, years } = all();
  const limited = years.filter(hasLimits);
  const sourced = factors.some((factor) => factor.source);
  const table = simpleTable(t("factors_caption"), [t("factor"), t("worse_head"), ...(sourced ? [t("source")] : []), t("unit"), ...limited.map((year) => t("limit_of", { year: year.year }))],
    factors.map((factor) => [pick(factor.name), t(`worse_${factor.worse}`), ...(sourced ? [el("span", { class: "long" }, factor.source ? said(factor.source) : "–")] : []), unitWord(factor, true),
      ...limited.map((year) => (year.limits[factor.key] === undefined ? "–" : number(year.limits[factor.key], decimalsOf(factor))))]), { texts: sourced ? [1, 2, 3] : [1, 2] });
  table.caption.className = "unseen";
  return table;
}

function coverage(year) {
  const { factors, statuses } = all();
  const seen = areasOf(year);
  return simpleTable(t("coverage_caption", { areas: number(seen.length), edition: year.edition ?? "–" }), [t("factor"), ...statuses.map((one) => t(`status_${one}`))],
    factors.filter((factor) => year.factors[factor.key]).map((factor) => [pick(factor.name), ...statuses.map((_, status) => number(seen.filter((place) => year.factors[factor.key].status[place] === status).length))]));
}

function mapWords() {
  const { outlines, years } = all();
  const others = d3.group(years.filter(drawnOtherwise), (year) => year.edition);
  return [el("p", {}, t("outlines_words", { outlines })),
    ...[...others].map(([edition, own]) => el("p", {}, t("outlines_other", { outlines, edition, years: own.map((year) => year.year).join(", "), borders: bordersWords(own[0]) })))];
}

function sure(year) {
  const { certainty } = all().method;
  return el("ul", {}, certainty ? el("li", {}, t("sure_draws", { draws: number(certainty.draws), level: number(100 * certainty.level) })) : el("li", {}, t("sure_none")),
    all().method.shrunk && el("li", {}, t("sure_shrunk")), clusterWords(year).map((one) => el("li", {}, one)), certainty && el("li", {}, t("sure_not")));
}

function rules() {
  const { rules: own, steady } = all().method;
  if (!own.length) return el("p", {}, t("rules_none"));
  const words = (rule) => (!rule.at_least ? t("rule_named", { name: pick(rule.name) }) : t(rule.at_least === 1 ? "rule_one" : "rule_at_least", { name: pick(rule.name), count: rule.at_least }));
  return el("ul", {}, own.map((rule) => el("li", {}, words(rule))), steady ? el("li", {}, t("rule_steady")) : null);
}

function releases() {
  const { years } = all();
  const table = simpleTable(t("releases_caption"), [t("column_year"), ...(years.some((year) => year.edition) ? [t("edition")] : []), t("created"), t("input"), t("fingerprint")],
    years.map((year) => [String(year.year), ...(years.some((one) => one.edition) ? [String(year.edition ?? "–")] : []), el("time", {}, year.created.slice(0, 10)), year.inputs.map((one) => one.name).join(", "), el("code", {}, year.manifest.slice(0, 16))]), { numeric: false });
  table.caption.className = "unseen";
  return table;
}

// What the run of the chosen year noted.
function notes(year) {
  if (!year.notes.length) return null;
  return el("details", {}, el("summary", {}, t("notes_title", { year: year.year, count: year.notes.length })), el("ul", {}, year.notes.map((note) => el("li", {}, said(note)))));
}

function libraries() {
  return [el("p", {}, t("made_words", { version: all().software, name: all().method.name, hash: all().method.sha256.slice(0, 16) })),
    el("details", {}, el("summary", {}, t("licences")), all().libraries.map((one) => el("section", {}, el("h4", {}, `${one.name} ${one.version} (${one.license})`), el("pre", { lang: "en", tabindex: "0", "aria-label": one.name }, one.text))))];
}
