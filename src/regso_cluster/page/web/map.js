// The map: colours, zoom, hover, click, and all of it by keyboard.

import { all, everyArea, kommunOf, nameOf } from "./data.js";
import { announce, byId, el } from "./dom.js";
import { areaAt, boundsOf, fit, hasMap, level, outline, paint, ready, resize } from "./outlines.js";
import { go, now } from "./state.js";
import { t } from "./words.js";

const STEP = 60; // pixels a press of an arrow moves the map
const CITY = 13000; // metres from the middle of an inset to its edge
const FINE_FROM = 0.0035; // pixels a metre
const NAMES_FROM_START = 9;
const LEAST = 6000; // metres that the map of an area shows at least
const AREA_NAMES_FROM = 0.09; // pixels a metre
export const CONTEXT = 3; // how much wider than an area its map is

const FAR = 1.6; // up to this zoom the big cities stand beside the country

let canvas, overlay, frame, zoom, base;
let room = 0; // pixels that they take
let transform = d3.zoomIdentity;
let shown = { colours: [], label: () => "" };
let hovered = null;
let waiting = false;

export function startMap() {
  frame = byId("map-frame");
  if (!hasMap()) {
    byId("map-none").hidden = false;
    frame.hidden = true;
    for (const id of ["map-tools", "map-buttons", "insets"]) byId(id).hidden = true;
    return;
  }
  canvas = byId("map-canvas");
  overlay = byId("map-overlay");
  zoom = d3.zoom().scaleExtent([1, 900]).on("zoom", (event) => {
    transform = event.transform;
    draw();
  });
  measure();
  d3.select(overlay).call(zoom).on("dblclick.zoom", null)
    .on("pointermove", (event) => hover(at(d3.pointer(event, overlay)), d3.pointer(event, overlay)))
    .on("pointerleave", () => hover(null))
    .on("click", (event) => choose(at(d3.pointer(event, overlay))));
  frame.addEventListener("keydown", onKey);
  frame.addEventListener("focus", () => { frame.classList.add("by-keyboard"); });
  frame.addEventListener("blur", () => { frame.classList.remove("by-keyboard"); hover(null); });
  byId("zoom-in").addEventListener("click", () => zoomBy(2));
  byId("zoom-out").addEventListener("click", () => zoomBy(0.5));
  byId("zoom-home").addEventListener("click", showCountry);
  new ResizeObserver(() => { if (!byId("view-map").hidden && canvas.clientWidth) refit(); }).observe(frame);
  makeInsets();
}

function measure() {
  const { width, height } = resize(canvas);
  resize(overlay);
  const beside = byId("insets"); // where there is room, the country stands beside the big cities
  room = beside.offsetWidth && getComputedStyle(beside).position === "absolute" ? beside.offsetWidth : 0;
  frame.style.setProperty("--room", `${room}px`);
  base = fit(boundsOf(everyArea()), width - room, height);
  zoom.extent([[0, 0], [width, height]]).translateExtent([[-width, -height], [2 * width, 2 * height]]);
}

// A frame of another size: what was in its middle stays there, at the same scale.
function refit() {
  const [width, height] = [canvas.width / canvas.ratio, canvas.height / canvas.ratio];
  const { k, x, y } = view();
  const [east, north] = [(width / 2 - x) / k, (y - height / 2) / k];
  measure();
  if (transform.k > FAR) showPoint(east, north, k / base.k);
  else draw();
}

// Pixels a metre and the pixel of the origin, zoom included.
function view() {
  return { k: base.k * transform.k, x: transform.applyX(base.x), y: transform.applyY(base.y) };
}

function detail() {
  return view().k > FINE_FROM ? "fine" : "coarse";
}

// `theme` is what classify() gave; `label` says an area in one line.
export function colourMap(classified, label) {
  const { classes, unknown, classOf } = classified;
  shown = { colours: classOf.map((one) => (one < 0 ? unknown.colour : classes[one].colour)), label };
  draw(true);
}

// Draw now, or once in the next frame, however often it is asked for.
export function draw(atOnce = false) {
  if (!canvas || byId("view-map").hidden || !canvas.clientWidth) return;
  if (atOnce) return paintAll(true);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; paintAll(); });
}

// `keep`: other colours are likely to follow at the same view.
function paintAll(keep = false) {
  paint(canvas, view(), shown.colours, { detail: detail(), keep: keep && "drawn" in canvas.dataset });
  names();
  paintOverlay();
  const far = transform.k <= FAR;
  byId("insets").classList.toggle("gone", !far);
  frame.classList.toggle("far", far);
  if (far) paintInsets();
  canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
}

function paintOverlay() {
  const context = overlay.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, overlay.width, overlay.height);
  if (hovered !== null) outline(overlay, view(), hovered, detail(), "#1c1b19", 1.4);
  const chosen = all().position.get(now().area);
  if (chosen !== undefined) outline(overlay, view(), chosen, detail(), "#0b57d0", 2.4);
}

// Names of kommuner, those with most residents first, where there is room.
function names() {
  const context = canvas.getContext("2d");
  const { k, x, y } = view();
  const { width, height } = canvas.getBoundingClientRect();
  const taken = [];
  context.setTransform(canvas.ratio, 0, 0, canvas.ratio, 0, 0);
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.lineJoin = "round";
  for (const kommun of named(k)) {
    const [left, top] = [k * kommun.x + x, y - k * kommun.y];
    const half = context.measureText(kommun.name).width / 2 + 6;
    const box = [left - half, top - 11, left + half, top + 9];
    if (box[0] < 0 || box[2] > width || box[1] < 0 || box[3] > height) continue;
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    taken.push(box);
    context.lineWidth = 3.5;
    context.strokeStyle = "rgba(255,255,255,0.9)";
    context.fillStyle = "#1c1b19";
    context.strokeText(kommun.name, left, top + 4);
    context.fillText(kommun.name, left, top + 4);
  }
}

// What is named: kommuner, more of them the closer, and areas when a few fill the map.
function named(k) {
  const most = NAMES_FROM_START * Math.max(1, transform.k ** 1.2);
  const kommuner = all().kommuner.filter((one) => one.x !== null).sort((a, b) => b.residents - a.residents).slice(0, most);
  if (k < AREA_NAMES_FROM) return kommuner;
  return everyArea().filter((place) => boundsOf([place])).map((place) => {
    const box = boundsOf([place]);
    return { name: nameOf(place), x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 };
  });
}

function at([left, top]) {
  const { k, x, y } = view();
  return areaAt((left - x) / k, (y - top) / k, detail());
}

function hover(place, pointer = null) {
  const tip = byId("tip");
  if (place !== hovered) {
    hovered = place;
    paintOverlay();
  }
  tip.hidden = place === null;
  if (place === null) return;
  tip.replaceChildren(el("strong", {}, nameOf(place)), el("span", {}, kommunOf(place).name), el("span", {}, shown.label(place)));
  const [left, top] = pointer ?? middle();
  tip.style.left = `${Math.max(4, Math.min(left + 14, frame.clientWidth - tip.offsetWidth - 6))}px`;
  tip.style.top = `${Math.max(4, Math.min(top + 14, frame.clientHeight - tip.offsetHeight - 6))}px`;
}

function choose(place) {
  if (place === null) return;
  go({ area: all().areas.code[place] });
  const card = byId("card"); // on a phone the card stands below the map
  if (card.getBoundingClientRect().top > window.innerHeight) card.scrollIntoView({ block: "start" });
}

function onKey(event) {
  const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
  if (event.target !== frame) return;
  if (event.key in moves) {
    const [x, y] = moves[event.key];
    d3.select(overlay).call(zoom.translateBy, x / transform.k, y / transform.k);
  } else if (event.key === "+") zoomBy(2);
  else if (event.key === "-") zoomBy(0.5);
  else if (event.key === "0") showCountry();
  else if (event.key === "Enter" || event.key === " ") choose(at(middle()));
  else return;
  event.preventDefault();
  const place = at(middle());
  hover(place);
  announce(place === null ? t("map_sea") : `${nameOf(place)}, ${kommunOf(place).name}: ${shown.label(place)}`);
}

// The middle of what can be seen: of the country beside the cities, or of the frame.
function middle(k = transform.k) {
  return [(frame.clientWidth - (k <= FAR ? room : 0)) / 2, frame.clientHeight / 2];
}

// What was in the middle stays there, also when the cities come or go.
function zoomBy(times) {
  const k = Math.max(1, Math.min(times * transform.k, 900));
  const [x, y] = transform.invert(middle());
  const [left, top] = middle(k);
  if (k === 1) showCountry();
  else d3.select(overlay).call(zoom.transform, d3.zoomIdentity.translate(left - k * x, top - k * y).scale(k));
}

export function showCountry() {
  if (canvas) d3.select(overlay).call(zoom.transform, d3.zoomIdentity);
}

// Move to some areas, with room around them.
export function showAreas(places, wider = 1) {
  if (!canvas || !canvas.clientWidth) return;
  const box = boundsOf(places);
  if (!box) return;
  const least = wider > 1 ? LEAST : 0;
  const [x, y] = [0, 1].map((axis) => (Math.max(least, wider * (box[axis + 2] - box[axis])) - (box[axis + 2] - box[axis])) / 2);
  showBox([box[0] - x, box[1] - y, box[2] + x, box[3] + y]);
}

function showBox(box) {
  const { width, height } = canvas.getBoundingClientRect();
  const wanted = fit(box, width, height, Math.min(width, height) / 6);
  const k = Math.max(1, Math.min(wanted.k / base.k, 900));
  showPoint((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, k);
}

// Put a point of the map, in metres, into the middle of the frame.
function showPoint(x, y, k) {
  const { width, height } = canvas.getBoundingClientRect();
  const there = d3.zoomIdentity.translate(width / 2 - k * (base.k * x + base.x), height / 2 - k * (base.y - base.k * y)).scale(k);
  d3.select(overlay).call(zoom.transform, there);
}

// The kommuner with most residents, as small maps that are buttons.
function makeInsets() {
  for (const number of all().cities) {
    const kommun = all().kommuner[number];
    const own = el("canvas", { "aria-hidden": "true" });
    byId("insets").append(el("button", { type: "button", class: "inset", onclick: () => showBox(cityBox(kommun)) }, own, el("span", {}, kommun.name)));
  }
}

function cityBox(kommun) {
  return [kommun.x - CITY, kommun.y - CITY, kommun.x + CITY, kommun.y + CITY];
}

function paintInsets() {
  if (!ready("fine")) return;
  byId("insets").querySelectorAll("canvas").forEach((own, place) => {
    const { width, height } = resize(own);
    if (width < 2) return;
    paint(own, fit(cityBox(all().kommuner[all().cities[place]]), width, height, 0), shown.colours, { detail: "fine", keep: true });
  });
}

// Fine outlines are decoded after the first map stands.
export function prepareFine() {
  if (!hasMap()) return;
  level("fine");
  draw();
}

// A small map of some areas for a card or a sheet of paper.
export function locator(places, colours, box, { width = 260, height = 260, ratio = 2, dots = false, chosen = null } = {}) {
  const own = el("canvas", { width: width * ratio, height: height * ratio, class: "locator", role: "img", "aria-label": t("map_of", { what: "" }) });
  own.ratio = ratio;
  const view = fit(box, width, height, 8);
  const detail = view.k > FINE_FROM ? "fine" : "coarse";
  paint(own, view, colours, { detail, only: places ? new Set(places) : null });
  if (dots) mark(own, view, places, colours);
  if (chosen !== null) outline(own, view, chosen, detail, "#0b57d0", 2.4);
  return own;
}

// A dot where an area is too small to be seen.
function mark(own, view, places, colours) {
  const context = own.getContext("2d");
  context.setTransform(own.ratio, 0, 0, own.ratio, 0, 0);
  for (const place of places) {
    const box = boundsOf([place]);
    if (!box) continue;
    context.beginPath();
    context.arc(view.x + (view.k * (box[0] + box[2])) / 2, view.y - (view.k * (box[1] + box[3])) / 2, 2.4, 0, 2 * Math.PI);
    context.fillStyle = colours[place];
    context.strokeStyle = "#ffffff";
    context.lineWidth = 0.6;
    context.fill();
    context.stroke();
  }
}

export function labelMap(label, credit) {
  frame.setAttribute("aria-label", label);
  byId("credit").textContent = credit;
}

export function viewNow() {
  return view();
}
