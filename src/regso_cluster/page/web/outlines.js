// Outlines: TopoJSON decoded to canvas paths in metres, and which area lies at a point.

import { all } from "./data.js";

const levels = {};
let boxes = null;

export function hasMap() {
  return Boolean(all().maps);
}

// "coarse" for the country, "fine" from a kommun on; each is decoded when first asked for.
export function level(name) {
  if (!levels[name]) {
    const topology = all().maps[name];
    const collection = topology.objects.areas;
    const border = (differ) => pathOf(topojson.mesh(topology, collection, (a, b) => a !== b && differ(a.place, b.place)));
    const { areas, kommuner } = all();
    collection.geometries.forEach((geometry, place) => { geometry.place = place; });
    const features = topojson.feature(topology, collection).features;
    levels[name] = {
      features,
      paths: features.map((feature) => (feature.geometry ? pathOf(feature.geometry) : null)),
      areaBorders: border(() => true),
      kommunBorders: border((a, b) => areas.kommun[a] !== areas.kommun[b]),
      lanBorders: border((a, b) => kommuner[areas.kommun[a]].lan !== kommuner[areas.kommun[b]].lan),
      coast: pathOf(topojson.mesh(topology, collection, (a, b) => a === b)),
    };
  }
  return levels[name];
}

export function ready(name) {
  return name in levels;
}

const plain = () => d3.geoPath(d3.geoIdentity());

function pathOf(geometry) {
  const path = new Path2D();
  d3.geoPath(null, path)(geometry);
  return path;
}

// [west, south, east, north] of each area, null without an outline.
export function bounds() {
  boxes ??= level("coarse").features.map((feature) => (feature.geometry ? plain().bounds(feature).flat() : null));
  return boxes;
}

export function boundsOf(places) {
  if (!hasMap()) return null;
  const own = places.map((place) => bounds()[place]).filter(Boolean);
  if (!own.length) return null;
  return [d3.min(own, (b) => b[0]), d3.min(own, (b) => b[1]), d3.max(own, (b) => b[2]), d3.max(own, (b) => b[3])];
}

const probe = document.createElement("canvas").getContext("2d");

// Which area lies at a point of the map, in metres; null at sea.
export function areaAt(x, y, detail) {
  const { paths } = level(detail);
  const slack = 1000; // coarse boxes may fall short of fine outlines
  const found = bounds().findIndex((box, place) => box && paths[place]
    && x >= box[0] - slack && x <= box[2] + slack && y >= box[1] - slack && y <= box[3] + slack
    && probe.isPointInPath(paths[place], x, y));
  return found < 0 ? null : found;
}

// How map metres become pixels: y turns round. `k` pixels a metre, (x, y) the pixel of the origin.
export function fit([west, south, east, north], width, height, margin = 12) {
  const k = Math.min((width - 2 * margin) / (east - west || 1), (height - 2 * margin) / (north - south || 1));
  return { k, x: (width - k * (west + east)) / 2, y: (height + k * (south + north)) / 2 };
}

// Draw areas by class on a canvas. `view` is {k, x, y}; `colours` one an area. `keep` keeps the lines for the next time
// with the same view: other colours are then a matter of fills alone.
export function paint(canvas, view, colours, { detail = "coarse", only = null, keep = false } = {}) {
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  fills(context, canvas, view, colours, detail, only);
  if (!keep) return lines(context, canvas, view, detail);
  const key = [view.k, view.x, view.y, canvas.width, canvas.height, detail].join(" ");
  if (canvas.linesOf !== key) {
    canvas.lines = document.createElement("canvas");
    Object.assign(canvas.lines, { width: canvas.width, height: canvas.height, ratio: canvas.ratio });
    lines(canvas.lines.getContext("2d"), canvas, view, detail);
    canvas.linesOf = key;
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.drawImage(canvas.lines, 0, 0);
}

const isNear = (view) => view.k > 0.006;

function toMap(context, canvas, view) {
  const ratio = canvas.ratio ?? 1;
  context.setTransform(view.k * ratio, 0, 0, -view.k * ratio, view.x * ratio, view.y * ratio);
  context.lineJoin = "round";
  return ratio;
}

function fills(context, canvas, view, colours, detail, only) {
  const { paths } = level(detail);
  const ratio = toMap(context, canvas, view);
  const [west, east] = [-view.x / view.k, (canvas.width / ratio - view.x) / view.k];
  const [south, north] = [(view.y - canvas.height / ratio) / view.k, view.y / view.k];
  const near = isNear(view);
  context.lineWidth = 0.8 / view.k; // fills that only touch leave a hairline: each is drawn a little over its edge
  bounds().forEach((box, place) => {
    if (!box || !paths[place] || box[0] > east || box[2] < west || box[1] > north || box[3] < south) return;
    context.fillStyle = only && !only.has(place) ? "#ece9e2" : colours[place];
    context.fill(paths[place]);
    if (!near) {
      context.strokeStyle = context.fillStyle;
      context.stroke(paths[place]);
    }
  });
}

function lines(context, canvas, view, detail) {
  const { areaBorders, kommunBorders, lanBorders, coast } = level(detail);
  const near = isNear(view);
  toMap(context, canvas, view);
  const line = (path, colour, width) => {
    context.strokeStyle = colour;
    context.lineWidth = width / view.k;
    context.stroke(path);
  };
  if (near) line(areaBorders, "rgba(60,50,45,0.35)", 0.6);
  if (view.k > 0.0016) line(kommunBorders, "rgba(40,35,30,0.55)", near ? 1.3 : 0.5);
  line(lanBorders, "rgba(40,35,30,0.75)", near ? 1.8 : 0.5);
  line(coast, "rgba(40,35,30,0.7)", near ? 1 : 0.5);
}

// Fit a canvas to its place on the page at the screen's own resolution.
export function resize(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const { width, height } = canvas.getBoundingClientRect();
  canvas.ratio = ratio;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  return { width, height };
}

export function outline(canvas, view, place, detail, colour, width) {
  const path = level(detail).paths[place];
  if (!path) return;
  const context = canvas.getContext("2d");
  const ratio = canvas.ratio ?? 1;
  context.setTransform(view.k * ratio, 0, 0, -view.k * ratio, view.x * ratio, view.y * ratio);
  context.lineJoin = "round";
  for (const [ink, wide] of [["#ffffff", width + 2.5], [colour, width]]) {
    context.strokeStyle = ink;
    context.lineWidth = wide / view.k;
    context.stroke(path);
  }
}
