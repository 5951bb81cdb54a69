// Results that match: how they are distributed, and the rows themselves; what is shown can be taken along as CSV.
import { byId, h, frame, get, address, load, empty, number, table, when, bindToAddress, filled, csv, download, stateWords } from './app.js';
import { fields, query, metricName, structureName, modelName, parametersText } from './cohort.js';
import { distribution } from './charts.js';

frame();
const PAGE = 500;
const MOST_GROUPS = 12;
const GROUPINGS = [['model,version', 'model and version'], ['structure', 'structure'], ['site', 'site'], ['scanner', 'scanner'], ['model', 'model'], ['month', 'month']];
const filters = byId('filters');
fields(filters, {
  more: [
    h('label', {}, 'Side by side', h('select', { name: 'by' }, GROUPINGS.map(([value, title]) => h('option', { value }, title)))),
    h('label', {}, 'Drawn as', h('select', { name: 'as' }, ['violin', 'strip', 'histogram'].map((name) => h('option', { value: name }, name)))),
  ],
});

let rows = [];
let next = null;
let turn = 0;
let sorted = { key: 'submitted', descending: true };

const COLUMNS = [
  { key: 'case', title: 'Case', value: (row) => row.case ?? '', cell: (row) => h('a', { href: '/case.html?id=' + row.evaluation }, row.case ?? row.evaluation.slice(-8)) },
  { key: 'model', title: 'Model', value: (row) => modelName(row) },
  { key: 'site', title: 'Site', value: (row) => row.site ?? '' },
  { key: 'scanner', title: 'Scanner', value: (row) => row.scanner ?? '' },
  { key: 'structure', title: 'Structure', value: (row) => structureName(row.structure) },
  { key: 'parameters', title: 'Parameters', value: (row) => parametersText(row.parameters) },
  { key: 'value', title: 'Value', number: true, value: (row) => row.value, cell: (row) => (typeof row.value === 'number' ? number(row.value, 4) : h('span', { class: 'state' }, stateWords(row.state))) },
  { key: 'submitted', title: 'Submitted', value: (row) => row.submitted, cell: (row) => when(row.submitted) },
];

function inOrder() {
  const column = COLUMNS.find((one) => one.key === sorted.key);
  const sign = sorted.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const x = column.value(a);
    const y = column.value(b);
    if (x === y) return 0;
    if (x === null || x === undefined || x === '') return 1; // what has no value comes last, whichever way
    if (y === null || y === undefined || y === '') return -1;
    return sign * (x < y ? -1 : 1);
  });
}

function exportShown() {
  const { metric = 'dice' } = filled(filters);
  download('segmeter-' + metric + '.csv', csv(
    ['evaluation', 'case', 'model', 'version', 'site', 'scanner', 'structure', 'metric', 'parameters', 'value', 'unit', 'state', 'submitted'],
    inOrder().map((row) => [row.evaluation, row.case, row.model, row.version, row.site, row.scanner, structureName(row.structure), row.metric,
      parametersText(row.parameters), row.value, row.unit, row.state, row.submitted])));
}

function rowsCard(asked) {
  const place = h('div', {});
  const draw = () => {
    const unit = rows.find((row) => row.unit)?.unit;
    const worstFirst = h('button', { type: 'button', class: 'plain small', onclick: () => {
      sorted = { key: 'value', descending: !better(asked.metric) };
      draw();
    } }, 'Worst first');
    place.replaceChildren(
      h('div', { class: 'toolbar' },
        h('span', {}, rows.length + (next ? ' newest' : '') + ' results'),
        worstFirst,
        h('button', { type: 'button', class: 'plain small', onclick: exportShown }, 'CSV of what is shown'),
        h('a', { href: address('/api/v1/results', { ...asked, format: 'csv' }), download: 'segmeter-results.csv' }, 'CSV of all that match')),
      table({
        caption: metricName(asked.metric) + (unit && unit !== '1' ? ', ' + unit : ''),
        columns: COLUMNS.map((column) => ({ ...column, cell: column.cell ?? column.value })),
        rows: inOrder(),
        sorted,
        onsort: (key) => {
          sorted = { key, descending: sorted.key === key ? !sorted.descending : key === 'submitted' };
          draw();
        },
      }),
      next ? h('p', {}, h('button', { type: 'button', class: 'plain small', onclick: async (event) => {
        event.target.disabled = true;
        await more(asked);
        draw();
      } }, 'Read ' + PAGE + ' more')) : '');
  };
  load(place, async () => {
    turn++;
    rows = [];
    next = null;
    await more(asked);
    if (!rows.length) return empty('No results match.');
    draw();
    return undefined;
  });
  return h('section', { class: 'card', 'aria-labelledby': 'rows-title' }, h('h2', { id: 'rows-title' }, 'Results'), place);
}

let directions;
const better = (metric) => (directions?.get(metric) ?? 'higher') === 'higher';

async function more(asked) {
  const mine = turn; // before anything is waited for
  directions ??= await get('/api/v1/metrics').then(({ metrics }) => new Map(metrics.map((one) => [one.name, one.direction])));
  const page = await get(address('/api/v1/results', { ...asked, limit: PAGE, cursor: next }));
  if (mine !== turn) throw new DOMException('another view was asked for meanwhile', 'AbortError');
  rows.push(...page.results);
  next = page.nextCursor ?? null;
  document.dispatchEvent(new Event('rows'));
}

/** Groups with their quantiles and, as a strip, the rows that were read. */
function distributionCard(asked, chosen) {
  const by = chosen.by ?? 'model,version';
  const form = chosen.as ?? 'violin';
  const place = h('div', {});
  load(place, async () => {
    const answer = await get(address('/api/v1/aggregates', { ...asked, structure: asked.structure ?? (by.includes('structure') ? undefined : '*'), groupBy: by, stat: 'mean,sd,median,ci95,histogram,p5,p25,p50,p75,p95' }));
    if (!answer.groups.length) return empty('No results match.');
    const named = answer.groups.map((group) => ({ ...group, name: nameOf(group, by) }));
    const shown = named.filter((group) => group.detected.n > 0).slice(0, MOST_GROUPS);
    const figure = h('div', {});
    const draw = () => {
      const groups = shown.map((group) => ({
        name: group.name,
        n: group.detected.n,
        histogram: group.detected.histogram,
        quantiles: group.detected.quantiles,
        points: form === 'strip' ? pointsOf(group, by, answer) : [],
      }));
      figure.replaceChildren(distribution({ title: metricName(answer.metric) + ' by ' + by.replace(',', ' and ') + (form === 'histogram' ? '' : '; thick: half of the cases, thin: nine of ten, mark: median'), groups, unit: answer.unit, form }));
    };
    draw();
    if (form === 'strip') document.addEventListener('rows', draw);
    return [
      figure,
      named.length > MOST_GROUPS ? h('p', { class: 'hint' }, 'The first ' + MOST_GROUPS + ' of ' + named.length + ' groups are drawn.') : '',
      form === 'strip' ? h('p', { class: 'hint' }, 'Dots are the results in the table below.') : '',
      groupTable(named, answer),
    ];
  });
  return h('section', { class: 'card', 'aria-labelledby': 'distribution-title' }, h('h2', { id: 'distribution-title' }, 'Distribution'), place);
}

function nameOf(group, by) {
  const name = by.startsWith('model') ? modelName(group.key) : by === 'structure' ? structureName(group.key.structure) : group.key[by] ?? 'not said';
  const parameters = parametersText(group.parameters);
  return parameters ? name + ' (' + parameters + ')' : name;
}

function pointsOf(group, by, answer) {
  const wanted = parametersText(group.parameters);
  return rows
    .filter((row) => typeof row.value === 'number' && row.state === 'OK' && parametersText(row.parameters) === wanted
      && by.split(',').every((dimension) => dimension === 'month' || (row[dimension] ?? null) === group.key[dimension])
      && (by.includes('structure') || filled(filters).structure || row.structure === '*'))
    .map((row) => ({ value: row.value, title: (row.case ?? row.evaluation) + ': ' + number(row.value, 4), href: '/case.html?id=' + row.evaluation }));
}

function groupTable(groups, answer) {
  return table({
    caption: 'Over cases where both sides have the structure; penalised: with misses and hallucinations as the worst' + (answer.unit === '1' ? '' : '; ' + answer.unit),
    columns: [
      { title: 'Group', cell: (group) => group.name },
      { title: 'Cases', number: true, cell: (group) => number(group.counts.cases) },
      { title: 'Missed', number: true, cell: (group) => number(group.counts.misses) },
      { title: 'Made up', number: true, cell: (group) => number(group.counts.hallucinations) },
      { title: 'Not scored', number: true, cell: (group) => number(group.counts.notScored) },
      { title: 'Mean', number: true, cell: (group) => number(group.detected.mean, 3) },
      { title: '95 % interval', number: true, cell: (group) => (group.detected.ci95 ? h('span', { title: group.detected.ci95.warning ?? group.detected.ci95.method }, number(group.detected.ci95.lower, 3) + ' to ' + number(group.detected.ci95.upper, 3)) : '–') },
      { title: 'SD', number: true, cell: (group) => number(group.detected.sd, 3) },
      { title: 'Median', number: true, cell: (group) => number(group.detected.median, 3) },
      { title: 'Worst 5 %', number: true, cell: (group) => number(group.detected.quantiles?.[answer.direction === 'LOWER' ? 'p95' : 'p5'], 3) },
      { title: 'Penalised mean', number: true, cell: (group) => number(group.penalised?.mean, 3) },
    ],
    rows: groups,
  });
}

function show() {
  const chosen = filled(filters);
  const asked = query(chosen);
  byId('content').replaceChildren(
    distributionCard(asked, chosen),
    h('p', { class: 'links' }, h('a', { href: address('/charts.html', chosen) }, 'Control charts of these'), h('a', { href: address('/compare.html', { modelA: chosen.model, versionA: chosen.version, metric: chosen.metric }) }, 'Compare with another model')),
    rowsCard(asked));
}

bindToAddress(filters, show);
show();
