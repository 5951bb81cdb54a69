// Charts as SVG. Each says in words what it shows; the pages give the same numbers in tables. Marks differ by shape and place, never by
// colour alone.
import { h, s, number } from './app.js';

const WIDTH = 640;
const KINDS = 6;

/** Round numbers that cover a range. */
export function ticks(least, most, about = 6) {
  const span = most - least || 1;
  const raw = span / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * power).find((candidate) => candidate >= raw);
  const all = [];
  // Counted, not added up: 0 is 0, and not what is left of it.
  for (let i = Math.ceil(least / step - 1e-9); i * step <= most + step * 1e-9; i++) all.push(Number((i * step).toPrecision(12)) || 0);
  return all;
}

function linear(least, most, from, to) {
  const span = most - least || 1;
  return (value) => from + (value - least) / span * (to - from);
}

function extent(values) {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least === Infinity) return [0, 1];
  if (least === most) return [least - 0.5, most + 0.5];
  return [least, most];
}

function padded([least, most], part = 0.05) {
  const room = (most - least) * part;
  return [least - room, most + room];
}

/** The frame of a chart; draw(svg nodes) fills it. */
function chart({ title, words, height, content, width = WIDTH }) {
  const follow = (event) => {
    const href = event.target.closest('[data-href]')?.dataset.href;
    if (href) location.assign(href);
  };
  return h('figure', { class: 'chart' },
    title ? h('figcaption', {}, title) : null,
    s('svg', { viewBox: '0 0 ' + width + ' ' + height, role: 'img', 'aria-label': (title ? title + '. ' : '') + words, onclick: follow }, content));
}

function axisX(x, least, most, top, bottom, unit, format = shortNumber) {
  return [
    ticks(least, most).map((at) => [
      s('line', { class: 'axis', x1: x(at), x2: x(at), y1: top, y2: bottom }),
      s('text', { x: x(at), y: bottom + 16, 'text-anchor': 'middle' }, format(at)),
    ]),
    unit ? s('text', { x: x(most), y: bottom + 32, 'text-anchor': 'end' }, unit) : null,
  ];
}

function axisY(y, least, most, left, right, unit, format = shortNumber) {
  return [
    ticks(least, most, 5).map((at) => [
      s('line', { class: 'axis', x1: left, x2: right, y1: y(at), y2: y(at) }),
      s('text', { x: left - 6, y: y(at) + 4, 'text-anchor': 'end' }, format(at)),
    ]),
    unit ? s('text', { x: left - 6, y: y(most) - 8, 'text-anchor': 'end' }, unit) : null,
  ];
}

function shortNumber(value) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(4)));
}

const unitWords = (unit) => (!unit || unit === '1' ? '' : unit);

/** A dot that leads to its case when it is clicked. For the keyboard and screen readers the table beside it has the same as links. */
function dot({ x, y, kind = 0, out = false, title, href, size = 3.2 }) {
  const shape = out
    ? s('path', { class: 'dot out', d: 'M' + x + ' ' + (y - size * 1.7) + 'l' + size * 1.6 + ' ' + size * 2.8 + 'h' + -size * 3.2 + 'z' })
    : s('circle', { class: 'dot mark-' + kind % KINDS, cx: x, cy: y, r: size });
  const node = s('g', { 'data-href': href }, shape);
  if (title) node.prepend(s('title', {}, title));
  return node;
}

/**
 * Distributions of several groups above one another.
 * @param groups {name, n, histogram {from, to, counts}, quantiles {p5, p25, p50, p75, p95}, mean, points [{value, title, href}]}
 * @param form violin, histogram or strip
 */
export function distribution({ title, groups, unit, form = 'violin', bounds }) {
  const left = 190;
  const right = WIDTH - 20;
  const row = 46;
  const top = 8;
  const bottom = top + groups.length * row;
  const values = groups.flatMap((group) => [...reach(group.histogram), ...(group.points ?? []).map((point) => point.value)]);
  const [least, most] = bounds ?? extent(values);
  const x = linear(least, most, left, right);
  const content = [axisX(x, least, most, top, bottom, unitWords(unit))];
  groups.forEach((group, at) => {
    const middle = top + at * row + row / 2;
    const half = row / 2 - 5;
    content.push(s('text', { x: left - 10, y: middle - 1, 'text-anchor': 'end' }, clipped(group.name, 27)));
    content.push(s('text', { x: left - 10, y: middle + 13, 'text-anchor': 'end' }, 'n = ' + number(group.n)));
    if (form === 'violin' && group.histogram) content.push(violin(group.histogram, x, middle, half, at));
    if (form === 'histogram' && group.histogram) content.push(bars(group.histogram, x, middle + half, 2 * half, at));
    if (form === 'strip') {
      (group.points ?? []).forEach((point, i) => {
        // A fixed sequence, so that the same data look the same each time.
        const jitter = ((i * 0.6180339887) % 1 - 0.5) * 2 * (half - 4);
        content.push(dot({ x: x(point.value), y: middle + jitter, kind: at, title: point.title, href: point.href, size: 2.6 }));
      });
    }
    const q = group.quantiles;
    if (q && form !== 'histogram') {
      if (q.p5 !== undefined && q.p95 !== undefined) content.push(s('line', { class: 'zero', x1: x(q.p5), x2: x(q.p95), y1: middle, y2: middle, 'stroke-width': 1.5 }));
      if (q.p25 !== undefined && q.p75 !== undefined) content.push(s('line', { class: 'zero', x1: x(q.p25), x2: x(q.p75), y1: middle, y2: middle, 'stroke-width': 6 }));
      if (q.p50 !== undefined) content.push(s('line', { class: 'zero', x1: x(q.p50), x2: x(q.p50), y1: middle - 9, y2: middle + 9, 'stroke-width': 3 }));
    }
  });
  const words = groups.map((group) => group.name + ': n ' + group.n + (group.quantiles?.p50 !== undefined ? ', median ' + number(group.quantiles.p50, 3) : '')).join('; ');
  return chart({ title, words, height: bottom + 38, content });
}

/** From the first bin with a value to the last: a metric's bounds may be far away. */
function reach(histogram) {
  if (!histogram) return [];
  const { from, to, counts } = histogram;
  const width = (to - from) / counts.length;
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  return first < 0 ? [] : [from + first * width, from + (last + 1) * width];
}

function violin({ from, to, counts }, x, middle, half, kind) {
  const most = Math.max(...counts, 1);
  const width = (to - from) / counts.length;
  const [first, last] = reach({ from, to, counts });
  const upper = [];
  const lower = [];
  counts.forEach((count, i) => {
    if (first === undefined || from + i * width < first - width / 2 || from + i * width > last - width / 2) return;
    const at = x(from + (i + 0.5) * width);
    const reach = count / most * half;
    upper.push(at + ' ' + (middle - reach));
    lower.unshift(at + ' ' + (middle + reach));
  });
  return s('path', { class: 'violin mark-' + kind % KINDS, d: 'M' + x(first ?? from) + ' ' + middle + 'L' + upper.join('L') + 'L' + x(last ?? to) + ' ' + middle + 'L' + lower.join('L') + 'Z' });
}

function bars({ from, to, counts }, x, base, height, kind) {
  const most = Math.max(...counts, 1);
  const width = (to - from) / counts.length;
  return counts.map((count, i) => (count ? s('rect', {
    class: 'mark-' + kind % KINDS, x: x(from + i * width) + 0.4, width: Math.max(0.5, x(from + width) - x(from) - 0.8),
    y: base - count / most * height, height: count / most * height,
  }, s('title', {}, number(from + i * width, 3) + ' to ' + number(from + (i + 1) * width, 3) + ': ' + count)) : null));
}

function clipped(text, most) {
  return text.length > most ? text.slice(0, most - 1) + '…' : text;
}

const DASHES = ['', '7 3', '2 3', '10 3 2 3', '4 4', '1 4'];

/** Lines over categories in order (weeks, months). series: {name, values: Map(label -> number)} */
export function trend({ title, labels, series, unit }) {
  const left = 56;
  const right = WIDTH - 30;
  const top = 18;
  const bottom = 210;
  const [least, most] = padded(extent(series.flatMap((one) => [...one.values.values()])), 0.08);
  const x = linear(0, Math.max(1, labels.length - 1), left + 10, right - 10);
  const y = linear(least, most, bottom, top);
  const every = Math.ceil(labels.length / 8);
  const content = [axisY(y, least, most, left, right, unitWords(unit)),
    labels.map((label, i) => (i % every === 0 ? s('text', { x: x(i), y: bottom + 16, 'text-anchor': 'middle' }, label) : null))];
  series.forEach((one, kind) => {
    const points = labels.map((label, i) => [i, one.values.get(label)]).filter(([, value]) => typeof value === 'number');
    content.push(s('path', { class: 'line line-' + kind % KINDS, 'stroke-dasharray': DASHES[kind % DASHES.length], d: points.map(([i, value], at) => (at ? 'L' : 'M') + x(i) + ' ' + y(value)).join('') }));
    for (const [i, value] of points) content.push(dot({ x: x(i), y: y(value), kind, title: one.name + ', ' + labels[i] + ': ' + number(value, 3) }));
    const row = bottom + 38 + Math.floor(kind / 3) * 18;
    const column = left + (kind % 3) * 195;
    content.push(s('line', { class: 'line line-' + kind % KINDS, 'stroke-dasharray': DASHES[kind % DASHES.length], x1: column, x2: column + 26, y1: row - 4, y2: row - 4 }));
    content.push(s('text', { x: column + 32, y: row }, clipped(one.name, 24)));
  });
  const words = series.map((one) => {
    const last = [...one.values.values()].at(-1);
    return one.name + ' ended at ' + number(last, 3);
  }).join('; ');
  return chart({ title, words, height: bottom + 44 + Math.ceil(series.length / 3) * 18, content });
}

/** A control chart (Shewhart): points in order, centre, 2 and 3 sigma; what breaks a rule is a red triangle. */
export function control({ title, series, unit, link }) {
  const left = 56;
  const right = WIDTH - 70;
  const top = 14;
  const bottom = 190;
  const { points, baseline } = series;
  const limits = baseline?.limits;
  const shown = points.map((point) => point.value);
  const [least, most] = padded(extent(limits ? [...shown, limits.lower3, limits.upper3] : shown));
  const x = linear(points[0]?.number ?? 0, points.at(-1)?.number ?? 1, left + 6, right - 6);
  const y = linear(least, most, bottom, top);
  const content = [axisY(y, least, most, left, right, unitWords(unit))];
  if (limits) {
    const first = points[0]?.number ?? 1;
    if (first <= baseline.n) content.push(s('rect', { class: 'band', x: left, y: top, width: Math.max(0, x(Math.min(baseline.n, points.at(-1).number)) - left), height: bottom - top }));
    const roomy = Math.abs(y(limits.upper2) - y(limits.upper3)) > 12;
    const line = (value, name, text) => [
      s('line', { class: name, x1: left, x2: right, y1: y(value), y2: y(value) }),
      roomy || name !== 'limit warn' ? s('text', { x: right + 6, y: y(value) + 4 }, text) : null];
    content.push(line(baseline.centre, 'centre', number(baseline.centre, 3)), line(limits.lower2, 'limit warn', '−2σ'), line(limits.upper2, 'limit warn', '+2σ'),
      line(limits.lower3, 'limit', '−3σ'), line(limits.upper3, 'limit', '+3σ'));
  }
  content.push(s('path', { class: 'line line-4', 'stroke-width': 0.8, d: points.map((point, at) => (at ? 'L' : 'M') + x(point.number) + ' ' + y(point.value)).join('') }));
  for (const point of points) {
    content.push(dot({
      x: x(point.number), y: y(point.value), out: point.rules?.length > 0 && point.number > (baseline?.n ?? 0),
      title: (point.caseId ?? point.evaluation) + ': ' + number(point.value, 4) + (point.rules?.length ? ', rule ' + point.rules.join(', ') : ''),
      href: link?.(point), size: points.length > 300 ? 1.8 : 2.8,
    }));
  }
  content.push(s('text', { x: left, y: bottom + 18 }, limits ? 'shaded: the ' + baseline.n + ' cases of the baseline' : 'too few cases for a baseline'));
  const words = series.n + ' values' + (baseline ? ', centre ' + number(baseline.centre, 3) + ', ' + series.violations.length + ' rules broken' : ', no baseline yet');
  return chart({ title, words, height: bottom + 26, content });
}

/** The same cases by two models; above the diagonal b is higher. */
export function scatter({ title, points, nameA, nameB, link }) {
  const size = 420;
  const left = 60;
  const bottom = size - 50;
  const [least, most] = padded(extent(points.flatMap((point) => [point.a, point.b])));
  const x = linear(least, most, left, size - 15);
  const y = linear(least, most, bottom, 15);
  return chart({
    title,
    width: size,
    words: points.length + ' cases, ' + points.filter((point) => point.a > point.b).length + ' of them higher for ' + nameA + ', '
      + points.filter((point) => point.a < point.b).length + ' for ' + nameB,
    height: size,
    content: [
      axisX(x, least, most, 15, bottom, null), axisY(y, least, most, left, size - 15, null),
      s('line', { class: 'zero', x1: x(least), y1: y(least), x2: x(most), y2: y(most), 'stroke-dasharray': '4 4' }),
      points.map((point) => dot({ x: x(point.a), y: y(point.b), title: point.caseId + ': ' + number(point.a, 3) + ' against ' + number(point.b, 3), href: link?.(point) })),
      s('text', { x: (left + size) / 2, y: size - 12, 'text-anchor': 'middle' }, clipped(nameA, 50)),
      s('text', { x: 14, y: (bottom + 15) / 2, 'text-anchor': 'middle', transform: 'rotate(-90 14 ' + (bottom + 15) / 2 + ')' }, clipped(nameB, 50)),
    ],
  });
}

/** Bland and Altman: difference of two volumes against their mean, with bias and limits of agreement. */
export function blandAltman({ title, points, agreement, unit = 'ml' }) {
  const width = 420;
  const left = 64;
  const right = width - 70;
  const bottom = 300;
  const shown = points.map(({ caseId, a, b }) => ({ caseId, mean: (a + b) / 2, difference: a - b }));
  const [leastX, mostX] = padded(extent(shown.map((point) => point.mean)));
  const lines = agreement ? [agreement.bias, agreement.lower, agreement.upper].filter((v) => typeof v === 'number') : [];
  const [leastY, mostY] = padded(extent([0, ...lines, ...shown.map((point) => point.difference)]));
  const x = linear(leastX, mostX, left, right);
  const y = linear(leastY, mostY, bottom, 18);
  const line = (value, name, text) => (typeof value === 'number' ? [
    s('line', { class: name, x1: left, x2: right, y1: y(value), y2: y(value) }), s('text', { x: right + 5, y: y(value) + 4 }, text + number(value, 2))] : null);
  return chart({
    title,
    width,
    words: agreement ? agreement.n + ' cases, bias ' + number(agreement.bias, 3) + ' ' + unit + ', limits of agreement ' + number(agreement.lower, 3) + ' to ' + number(agreement.upper, 3) : 'no cases',
    height: bottom + 40,
    content: [
      axisX(x, leastX, mostX, 18, bottom, 'mean of both, ' + unit), axisY(y, leastY, mostY, left, right, null),
      s('line', { class: 'zero', x1: left, x2: right, y1: y(0), y2: y(0) }),
      line(agreement?.bias, 'centre', 'bias '), ...[agreement?.lower, agreement?.upper].map((limit) => (Math.abs(y(limit) - y(agreement?.bias)) < 1 ? null : line(limit, 'limit warn', ''))),
      shown.map((point) => dot({ x: x(point.mean), y: y(point.difference), kind: 0, title: point.caseId + ': ' + number(point.difference, 3) + ' ' + unit })),
    ],
  });
}

/** Differences with their confidence intervals, one row each. rows: {name, value, lower, upper} */
export function forest({ title, rows, unit, less, more }) {
  const left = 170;
  const right = WIDTH - 120;
  const row = 30;
  const top = 24;
  const bottom = top + rows.length * row;
  const [least, most] = padded(extent([0, ...rows.flatMap((one) => [one.lower, one.upper, one.value])].filter((v) => typeof v === 'number')), 0.08);
  const x = linear(least, most, left, right);
  return chart({
    title,
    words: rows.map((one) => one.name + ' ' + number(one.value, 4) + (typeof one.lower === 'number' ? ' (' + number(one.lower, 4) + ' to ' + number(one.upper, 4) + ')' : '')).join('; '),
    height: bottom + 40,
    content: [
      axisX(x, least, most, top, bottom, unitWords(unit)),
      s('line', { class: 'zero', x1: x(0), x2: x(0), y1: top - 4, y2: bottom }),
      s('text', { x: x(0) - 8, y: 14, 'text-anchor': 'end' }, '← ' + clipped(less, 26)),
      s('text', { x: x(0) + 8, y: 14 }, clipped(more, 26) + ' →'),
      rows.map((one, at) => {
        const middle = top + at * row + row / 2;
        return [
          s('text', { x: left - 10, y: middle + 4, 'text-anchor': 'end' }, clipped(one.name, 24)),
          typeof one.lower === 'number' ? s('line', { class: 'line line-0', 'stroke-width': 3, x1: x(one.lower), x2: x(one.upper), y1: middle, y2: middle }) : null,
          dot({ x: x(one.value), y: middle, size: 5 }),
          s('text', { x: right + 10, y: middle + 4 }, number(one.value, 4)),
        ];
      }),
    ],
  });
}
