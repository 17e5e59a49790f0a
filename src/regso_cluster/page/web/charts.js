// The charts: a strip for one factor, a profile, a flow. Each has a table or a sentence beside it that says the same.

import { number, pick, t } from "./words.js";
import { el, svg } from "./dom.js";

const W = 240;

// One factor of one area on a line from the least to the greatest shown value; the worse side is shaded. Squares are so
// large that their corners show beneath a circle at the same place.
export function strip(factor, { own, kommun, country, limit, range }) {
  const known = [own, kommun, country, limit, ...range].filter((one) => one !== null && one !== undefined);
  const x = d3.scaleLinear([d3.min(known), d3.max(known)], [6, W - 6]);
  const parts = [svg("line", { x1: 6, x2: W - 6, y1: 14, y2: 14, class: "axis" })];
  if (limit !== null && limit !== undefined) {
    const [from, to] = factor.worse === "high" ? [x(limit), W - 6] : [6, x(limit)];
    parts.unshift(svg("rect", { x: from, width: Math.max(0, to - from), y: 4, height: 20, class: "beyond" }));
    parts.push(svg("line", { x1: x(limit), x2: x(limit), y1: 2, y2: 26, class: "limit" }));
  }
  if (country !== null) parts.push(svg("line", { x1: x(country), x2: x(country), y1: 7, y2: 21, class: "country" }));
  if (kommun !== null && kommun !== undefined) parts.push(svg("rect", { x: x(kommun) - 5.5, y: 8.5, width: 11, height: 11, class: "kommun" }));
  if (own !== null) parts.push(svg("circle", { cx: x(own), cy: 14, r: 5.5, class: "own" }));
  return svg("svg", { viewBox: `0 0 ${W} 28`, class: "strip", "aria-hidden": "true" }, parts);
}

// What the marks of a strip mean.
export function stripKey({ kommun, limit }) {
  return el("p", { class: "key" }, [["own", "key_area"], kommun && ["kommun", "key_kommun"], ["country", "key_country"], limit && ["beyond", "key_beyond"]].filter(Boolean)
    .map(([name, words]) => el("span", {}, el("i", { class: `mark ${name}`, "aria-hidden": "true" }), t(words))));
}

// Two subjects over all factors, each factor on its own scale in its own unit, the worse side to the right.
export function profile(factors, a, b, country, limits, range) {
  const [left, right, row] = [10, 370, 46];
  const height = factors.length * row + 8;
  const parts = factors.map((factor, place) => {
    const top = place * row + 30;
    const known = [a[place], b?.[place], country[place], limits[place], ...range[place]].filter((one) => one !== null && one !== undefined);
    const ends = d3.extent(known);
    const x = d3.scaleLinear(factor.worse === "high" ? ends : ends.reverse(), [left, right]);
    const mark = (value, make) => (value === null || value === undefined ? null : make(x(value)));
    return [
      svg("text", { x: left, y: top - 12, class: "factor" }, pick(factor.name)),
      svg("line", { x1: left, x2: right, y1: top, y2: top, class: "axis" }),
      mark(limits[place], (at) => svg("rect", { x: at, width: right - at, y: top - 8, height: 16, class: "beyond" })),
      mark(limits[place], (at) => svg("line", { x1: at, x2: at, y1: top - 10, y2: top + 10, class: "limit" })),
      mark(country[place], (at) => svg("line", { x1: at, x2: at, y1: top - 7, y2: top + 7, class: "country" })),
      mark(b?.[place], (at) => svg("rect", { x: at - 6.5, y: top - 6.5, width: 13, height: 13, class: "second" })),
      mark(a[place], (at) => svg("circle", { cx: at, cy: top, r: 6, class: "own" })),
    ];
  });
  return svg("svg", { viewBox: `0 0 380 ${height}`, class: "profile", role: "img", "aria-label": t("profile_label") }, parts);
}

// A thin line in the palest colour would not be seen: those who leave the mildest group are who people look for.
function inked(colour, thin) {
  return thin && d3.lab(colour).l > 88 ? "#8a8377" : colour;
}

// Flows between the groups of following years. `flows`: {year, next, from, to, areas}; groups in fixed order, worst on top.
// `sizes`: the areas of each group, a map a year; an area that another year lacks counts in its own, and flows nowhere.
export function flowChart(years, groups, flows, sizes, colours, names) {
  const [width, height] = [1000, 400];
  const id = (year, group) => `${year} ${group}`;
  const nodes = years.flatMap((year, column) => groups.map((group) => ({ id: id(year, group), year, group, column, fixedValue: sizes[column].get(group) ?? 0 }))).filter((node) => node.fixedValue > 0);
  const layout = d3.sankey().nodeId((node) => node.id).nodeAlign((node) => node.column).nodeWidth(14).nodePadding(14)
    .nodeSort((one, other) => groups.indexOf(one.group) - groups.indexOf(other.group))
    .linkSort((one, other) => groups.indexOf(one.target.group) - groups.indexOf(other.target.group) || groups.indexOf(one.source.group) - groups.indexOf(other.source.group))
    .extent([[4, 26], [width - 4, height - 6]]);
  const graph = layout({ nodes, links: flows.map((flow) => ({ source: id(flow.year, flow.from), target: id(flow.next, flow.to), value: flow.areas })) });
  const said = (link) => t("flow_link", { from: names(link.source.group), to: names(link.target.group), areas: number(link.value), year: link.source.year, next: link.target.year });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "flow", role: "img", "aria-label": t("flow_label") },
    graph.links.map((link) => svg("path", {
      d: d3.sankeyLinkHorizontal()(link), "stroke-width": Math.max(0.8, link.width),
      class: link.source.group === link.target.group ? "link stay" : "link move",
      stroke: inked(colours(link.source.group), link.source.group !== link.target.group),
    }, svg("title", {}, said(link)))),
    graph.nodes.map((node) => svg("rect", { x: node.x0, y: node.y0, width: node.x1 - node.x0, height: Math.max(1, node.y1 - node.y0), fill: colours(node.group), class: "node" }, svg("title", {}, `${names(node.group)} ${node.year}: ${number(node.value)}`))),
    graph.nodes.map((node) => svg("text", { x: node.column ? node.x0 - 5 : node.x1 + 5, y: (node.y0 + node.y1) / 2 + 4, "text-anchor": node.column ? "end" : "start", class: "count" }, number(node.value))),
    years.map((year, column) => svg("text", { x: 4 + (column * (width - 22)) / Math.max(1, years.length - 1) + 7, y: 15, "text-anchor": column === 0 ? "start" : column === years.length - 1 ? "end" : "middle", class: "year" }, year)));
}

// A line over the years for one number, worst end upwards where `worse` says so.
export function line(years, values, { low = null, high = null, turned = false, label }) {
  const [width, height] = [260, 70];
  const x = d3.scalePoint(years, [14, width - 14]);
  const all = [...values, ...(low ?? []), ...(high ?? [])].filter((one) => one !== null && one !== undefined);
  if (!all.length) return null;
  const y = d3.scaleLinear(turned ? [d3.max(all), d3.min(all)] : [d3.min(all), d3.max(all)], [height - 18, 8]);
  const points = years.map((year, place) => [year, values[place], low?.[place] ?? null, high?.[place] ?? null]);
  const drawn = d3.line().defined((one) => one[1] !== null).x((one) => x(one[0])).y((one) => y(one[1]));
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "line", role: "img", "aria-label": label },
    points.filter((one) => one[2] !== null && one[3] !== null).map((one) => svg("line", { x1: x(one[0]), x2: x(one[0]), y1: y(one[2]), y2: y(one[3]), class: "interval" })),
    svg("path", { d: drawn(points), class: "trend" }),
    points.filter((one) => one[1] !== null).map((one) => svg("circle", { cx: x(one[0]), cy: y(one[1]), r: 3, class: "own" })),
    [years[0], years.at(-1)].map((year, place) => svg("text", { x: x(year), y: height - 3, "text-anchor": place ? "end" : "start", class: "count" }, year)));
}

