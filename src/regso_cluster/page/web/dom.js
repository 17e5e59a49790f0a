// Elements are made by name, attributes and children; text is always set as text, so that no name is ever markup.

import { soft } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "colour") node.style.setProperty("--colour", value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Replace what a node holds; nothing is made of null, and lists are taken apart.
export function put(node, ...children) {
  node.replaceChildren();
  return fill(node, {}, children);
}

export function byId(id) {
  return document.getElementById(id);
}

// A table with a caption, headings and rows of texts, numbers or nodes; the first cell of a row names it.
// Cells stand to the right but for the first and those of `texts`.
export function simpleTable(caption, headings, rows, { numeric = true, texts = [] } = {}) {
  const right = (place) => (place && numeric && !texts.includes(place) ? "number" : null);
  const cell = (child, place) => (place === 0
    ? el("th", { scope: "row" }, soft(child))
    : el("td", { class: right(place) }, child));
  return el("table", { class: "simple" },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, headings.map((one, place) => el("th", { scope: "col", class: right(place) }, soft(one))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell)))));
}

// A wide table or figure moves inside its own frame, also by keyboard.
export function scroller(label, ...children) {
  return el("div", { class: "scroller", role: "region", tabindex: "0", "aria-label": label }, ...children);
}

export function swatch(colour) {
  return el("span", { class: "swatch", colour, "aria-hidden": "true" });
}

export function option(value, label, chosen) {
  const node = el("option", { value }, label);
  node.selected = value === chosen;
  return node;
}

export function announce(message) {
  byId("announcer").textContent = message;
}
