// The table: everything the map says, to read, sort and filter without a mouse, and to take along as CSV.

import { all, areasOf, fold, groupName, groupingName, groupings, hasKommuner, hasResidents, kommunOf, lanName, nameOf, sure, value, classify, themeName } from "./data.js";
import { byId, el, option } from "./dom.js";
import { go, now } from "./state.js";
import { lang, number, pick, share, soft, t, unitWord, decimalsOf } from "./words.js";

const ROWS = 50; // on one leaf

// A column: id, heading, the value to sort by, the text to show; `number` columns stand to the right. What would make the
// table too wide for a screen stands in the file alone (`only: "file"`), or on the page in a shorter form (`only: "page"`).
function columnsOf(year, theme) {
  const found = [
    { id: "name", head: t("column_name"), sort: nameOf },
    { id: "code", head: t("column_code"), sort: (place) => all().areas.code[place] },
    { id: "kommun", head: t("column_kommun"), sort: (place) => kommunOf(place).name },
    { id: "lan", head: t("column_lan"), sort: (place) => lanName(kommunOf(place).lan), only: "file" },
    { id: "population", head: t("column_residents"), sort: (place) => year.population[place], number: 0 },
  ];
  if (!hasResidents(year)) found.pop();
  if (!hasKommuner()) found.splice(2, 2); // areas of their own
  const set = asked(year).columns;
  if (set === "overview") found.push(...overview(year));
  else found.push(...all().factors.filter((factor) => year.factors[factor.key]).flatMap((factor) => factorColumns(year, factor, set)));
  if (theme && !found.some((one) => one.id === theme.id)) found.push(themeColumn(year, theme));
  return found;
}

function overview(year) {
  const found = groupings().filter((grouping) => grouping in year).map((grouping) => ({
    id: grouping, head: t(`grouping_${grouping}`), sort: (place) => year[grouping][place], show: (place) => groupName(year, grouping, year[grouping][place]),
  }));
  if (year.n_problems) found.push({ id: "n_problems", head: t("column_problems"), sort: (place) => year.n_problems[place], number: 0 });
  if (year.index) found.push({ id: "index", head: t("index"), sort: (place) => year.index[place], number: 2 });
  for (const name of ["index_rank", "index_rank_low", "index_rank_high"]) {
    if (year[name]?.some((one) => one !== null)) found.push({ id: name, head: t(`column_${name}`), sort: (place) => year[name][place], number: 0, only: name === "index_rank" ? null : "file" });
  }
  if (year.index_rank_low?.some((one) => one !== null)) found.push(interval(year));
  for (const grouping of groupings().filter((one) => year.sure[one]?.chance?.some((chance) => chance !== null))) found.push(...sureColumns(year, grouping));
  return found;
}

// How sure a group is; the file has the runner-up too.
function sureColumns(year, grouping) {
  const found = [{ id: `${grouping}_probability`, head: t(`column_${grouping}_probability`), ...chanceColumn(year, grouping, "chance") }];
  if (!year.sure[grouping].second) return found;
  const words = { grouping: groupingName(grouping) };
  const second = (place) => sure(year, grouping, "second", place);
  return [...found, { id: `${grouping}_second`, head: t("column_second", words), sort: second, show: (place) => (second(place) === null ? "" : groupName(year, grouping, second(place))), only: "file" },
    { id: `${grouping}_second_probability`, head: t("column_second_chance", words), ...chanceColumn(year, grouping, "second_chance"), only: "file" }];
}

function chanceColumn(year, grouping, what) {
  const of = (place) => sure(year, grouping, what, place);
  return { sort: (place) => (of(place) === null ? null : 100 * of(place)), show: (place) => (of(place) === null ? "–" : share(of(place))), number: 1 };
}

// The two ends of the place in the index, in one column.
function interval(year) {
  const [low, high] = [year.index_rank_low, year.index_rank_high];
  const level = number(100 * (all().method.certainty?.level ?? 0));
  return { id: "index_rank_interval", head: t("column_rank_interval", { level }), sort: (place) => low[place], number: 0, only: "page",
    show: (place) => (low[place] === null ? "–" : `${number(low[place])}–${number(high[place])}`) };
}

function factorColumns(year, factor, set) {
  const head = pick(factor.name);
  const column = year.factors[factor.key];
  if (set === "values") return [{ id: `${factor.key}_value`, head: `${head}, ${unitWord(factor)}`, sort: (place) => value(year, factor, place), number: decimalsOf(factor) }];
  if (set === "counts" && factor.counts) {
    return ["n", "d"].map((part) => ({ id: `${factor.key}_${part}`, head: `${head}: ${t(`column_${part}`)}`, sort: (place) => column[part][place], number: 0 }));
  }
  const found = [];
  if (set === "problems" && column.problem) found.push({ id: `${factor.key}_problem`, head, sort: (place) => column.problem[place], show: (place) => ({ 1: t("beyond"), 0: t("within") })[column.problem[place]] ?? t("not_observed") });
  if (set === "tiers" && column.tier) found.push({ id: `${factor.key}_tier`, head, sort: (place) => column.tier[place], show: (place) => groupName(year, `${factor.key}_tier`, column.tier[place]) });
  return found;
}

function themeColumn(year, theme) {
  const { classes, unknown, classOf } = classify(theme, year);
  return { id: theme.id, head: themeName(theme), sort: (place) => (classOf[place] < 0 ? null : classOf[place]), show: (place) => (classes[classOf[place]] ?? unknown).label };
}

export const tableView = { start: startTable, shape, show: ({ year, theme }) => showTable(year, theme) };

function shape() {
  for (const name of ["lan", "kommun"]) byId(`filter-${name}`).parentElement.hidden = !hasKommuner();
  byId("filter-group").parentElement.hidden = !groupings().length;
}

function startTable() {
  byId("filter-text").addEventListener("input", (event) => go({ q: event.target.value, page: "" }, { replace: true }));
  for (const name of ["lan", "kommun", "group", "columns"]) {
    byId(`filter-${name}`).addEventListener("change", (event) => go({ [name]: event.target.value, page: "", ...(name === "lan" ? { kommun: "" } : {}) }));
  }
  byId("download").addEventListener("click", () => download());
  byId("clear").addEventListener("click", () => go({ q: "", lan: "", kommun: "", group: "", page: "" }));
}

let shown = { columns: [], places: [], year: null };

function showTable(year, theme) {
  fillFilters(year);
  const own = columnsOf(year, theme);
  const places = sorted(filtered(year), own);
  shown = { columns: own, places, year };
  const leaves = Math.max(1, Math.ceil(places.length / ROWS));
  const leaf = Math.min(Math.max(1, Number.parseInt(now().page, 10) || 1), leaves);
  const part = places.slice((leaf - 1) * ROWS, leaf * ROWS);
  byId("table-count").textContent = t("table_count", { count: number(places.length), of: number(areasOf(year).length) });
  byId("table-place").replaceChildren(el("table", { class: "areas" },
    el("caption", {}, t("table_caption", { year: year.year })),
    el("thead", {}, el("tr", {}, own.filter(onPage).map(heading))),
    el("tbody", {}, part.map((place) => el("tr", {}, own.filter(onPage).map((one) => cell(one, place)))))));
  byId("leaves").replaceChildren(...leafButtons(leaf, leaves));
}

function onPage(column) {
  return column.only !== "file";
}

function heading(column) {
  const [id, turn] = now().sort.split("-");
  const state = id === column.id ? (turn === "down" ? "descending" : "ascending") : null;
  const next = state === "ascending" ? `${column.id}-down` : column.id;
  return el("th", { scope: "col", "aria-sort": state, class: column.number === undefined ? null : "number" },
    el("button", { type: "button", onclick: () => { go({ sort: next, page: "" }); byId("table-place").querySelector(`[data-column="${CSS.escape(column.id)}"]`)?.focus(); }, "data-column": column.id },
      soft(column.head), el("span", { "aria-hidden": "true" }, { ascending: " ▲", descending: " ▼" }[state] ?? "")));
}

function text(column, place) {
  if (column.show) return column.show(place);
  const own = column.sort(place);
  if (column.number !== undefined) return number(own, column.number);
  return String(own ?? "");
}

function cell(column, place) {
  if (column.id === "name") {
    return el("th", { scope: "row" }, el("a", { href: `#area=${all().areas.code[place]}`, onclick: (event) => { event.preventDefault(); go({ area: all().areas.code[place], view: "map" }); byId("card-title")?.focus(); } }, nameOf(place)));
  }
  return el("td", { class: column.number !== undefined ? "number" : { code: "short", kommun: "short" }[column.id] ?? "group" }, text(column, place));
}

const SETS = ["overview", "values", "counts", "problems", "tiers"];

// What the link asks of the table, as far as this page and year have it: what no filter shows must not filter.
function asked(year) {
  const { q, lan, kommun, group, columns } = now();
  const known = all().lan.some((one) => one.code === lan) ? lan : "";
  const own = all().kommuner.some((one) => one.code === kommun && (!known || one.lan === known)) ? kommun : "";
  const [grouping, wanted] = group.split(":");
  const there = groupings().includes(grouping) && grouping in year && year.groups[grouping].some((one) => String(one.group ?? "none") === wanted);
  return { q, lan: known, kommun: own, group: there ? group : "", columns: setsOf(year).includes(columns) ? columns : "overview" };
}

function setsOf(year) {
  return SETS.filter((one) => one === "overview" || all().factors.some((factor) => year.factors[factor.key] && factorColumns(year, factor, one).length));
}

function filtered(year) {
  const { q, lan, kommun, group } = asked(year);
  const words = fold(q).split(/\s+/).filter(Boolean);
  const [grouping, wanted] = group.split(":");
  return areasOf(year).filter((place) => {
    const own = kommunOf(place);
    if (lan && own.lan !== lan) return false;
    if (kommun && own.code !== kommun) return false;
    if (wanted && String(year[grouping][place] ?? "none") !== wanted) return false;
    const said = fold(`${all().areas.code[place]} ${all().areas.name[place]} ${own.name}`);
    return words.every((word) => said.includes(word));
  });
}

function sorted(places, own) {
  const [id, turn] = now().sort.split("-");
  const column = own.find((one) => one.id === id) ?? own.find((one) => one.id === "code");
  const collator = new Intl.Collator(lang());
  const sign = turn === "down" ? -1 : 1;
  const keys = new Map(places.map((place) => [place, column.sort(place)]));
  const compare = (a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    if (x === null || y === null || x === undefined || y === undefined) return Number(x === null || x === undefined) - Number(y === null || y === undefined) || a - b; // what is missing comes last
    return sign * (typeof x === "number" ? x - y : collator.compare(x, y)) || a - b;
  };
  return places.sort(compare);
}

function fillFilters(year) {
  const { lan, kommun, group, columns: set, q } = asked(year);
  if (byId("filter-text").value !== q) byId("filter-text").value = q;
  byId("filter-lan").replaceChildren(option("", t("all_lan"), lan), ...all().lan.map((one) => option(one.code, lanName(one.code), lan)));
  const own = all().kommuner.filter((one) => !lan || one.lan === lan).sort((a, b) => a.name.localeCompare(b.name, lang()));
  byId("filter-kommun").replaceChildren(option("", t("all_kommuner"), kommun), ...own.map((one) => option(one.code, one.name, kommun)));
  byId("filter-group").replaceChildren(option("", t("all_groups"), group), ...groupings().filter((grouping) => grouping in year).map((grouping) =>
    el("optgroup", { label: t(`grouping_${grouping}`) }, (year.groups[grouping] ?? []).map((one) => option(`${grouping}:${one.group ?? "none"}`, one.group === null ? t("undecided") : pick(one.name), group)))));
  byId("filter-columns").replaceChildren(...setsOf(year).map((one) => option(one, t(`columns_${one}`), set)));
}

function leafButtons(leaf, leaves) {
  const turn = (to, words) => el("button", { type: "button", disabled: to < 1 || to > leaves, onclick: () => { go({ page: String(to) }); refocus(to > leaf); } }, words);
  return [turn(leaf - 1, t("leaf_before")), el("span", {}, t("leaf", { leaf, leaves })), turn(leaf + 1, t("leaf_next"))];
}

// The buttons were made anew: back to the one that was pressed, at the end to the other.
function refocus(onwards) {
  const buttons = [...byId("leaves").querySelectorAll("button")];
  if (onwards) buttons.reverse();
  buttons.find((one) => !one.disabled)?.focus();
}

// CSV as the reader's own spreadsheet wants it: semicolon and decimal comma in Swedish, comma and point in English.
export function csv({ columns, places, year }) {
  const own = columns.filter((one) => one.only !== "page");
  const mark = lang() === "sv" ? ";" : ",";
  const figure = (value) => (value === null || value === undefined ? "" : lang() === "sv" ? String(value).replace(".", ",") : String(value));
  const quote = (words) => {
    const safe = /^'*\s*[=+\-@\t\r\n＝＋－＠]/.test(words) ? `'${words}` : words; // a spreadsheet must not run a name as a formula
    return /["\r\n;,]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = [[...own.map((one) => quote(one.head.replaceAll("\u00a0", " "))), quote(t("column_year")), ...(year.synthetic ? ["SYNTHETIC"] : [])]];
  for (const place of places) {
    const cells = own.map((one) => (one.number === undefined ? quote(text(one, place)) : figure(rounded(one.sort(place), one.number))));
    rows.push([...cells, String(year.year), ...(year.synthetic ? [quote(t("synthetic_short"))] : [])]);
  }
  return `\ufeff${rows.map((row) => row.join(mark)).join("\r\n")}\r\n`;
}

function rounded(value, decimals) {
  return value === null || value === undefined ? null : Number(value.toFixed(decimals));
}

function download() {
  const link = el("a", { href: URL.createObjectURL(new Blob([csv(shown)], { type: "text/csv;charset=utf-8" })), download: `regso-${shown.year.year}.csv` });
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
