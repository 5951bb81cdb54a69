// The state of everything at a glance: models by structures, the trend, what waits, what alarms.
import { byId, h, frame, get, address, load, empty, number, quantity, table, when, bindToAddress, filled, stateWords } from './app.js';
import { fields, query, metricName, structureName, modelName, parametersText } from './cohort.js';
import { trend } from './charts.js';

frame();
const filters = byId('filters');
fields(filters, { dimensions: ['model', 'site'], times: true });

/** Short, for a table in half of the page. */
const day = (time) => new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });

const MOST_COUNTED = 100;
const counted = (n) => (n >= MOST_COUNTED ? MOST_COUNTED + '+' : String(n));

function tile(value, words, href) {
  return h('div', { class: 'tile' }, h('strong', {}, value), href ? h('a', { href }, words) : h('span', {}, words));
}

async function tiles() {
  const count = async (state) => (await get(address('/api/v1/evaluations', { state, limit: MOST_COUNTED }))).evaluations.length;
  const [queued, running, failed, alerts, pairs] = await Promise.all([
    count('QUEUED'), count('RUNNING'), count('FAILED'),
    get('/api/v1/alerts?state=OPEN&limit=' + MOST_COUNTED).then((body) => body.alerts.length),
    get('/api/v1/pairs?state=AMBIGUOUS&limit=' + MOST_COUNTED).then((body) => body.pairs.length),
  ]);
  return h('div', { class: 'tiles' },
    tile(counted(queued), 'waiting to be scored'),
    tile(counted(running), 'being scored'),
    tile(counted(failed), 'could not be scored', '/overview.html?state=FAILED#last'),
    tile(counted(alerts), 'open alerts', '/alerts.html?state=OPEN'),
    tile(counted(pairs), 'ambiguous pairs', '/pairs.html?state=AMBIGUOUS'));
}

/** Models in rows, structures in columns; a cell leads to its results. */
function matrix(answer, chosen) {
  const models = new Map();
  const structures = new Set();
  for (const group of answer.groups) {
    const name = structureName(group.key.structure) + (Object.keys(group.parameters ?? {}).length ? ' (' + parametersText(group.parameters) + ')' : '');
    const row = modelName(group.key);
    structures.add(name);
    if (!models.has(row)) models.set(row, { name: row, key: group.key, cells: new Map() });
    models.get(row).cells.set(name, group);
  }
  const rows = [...models.values()];
  const means = answer.groups.map((group) => group.detected?.mean).filter((mean) => typeof mean === 'number');
  const most = answer.direction === 'HIGHER' ? Math.max(1, ...means) : Math.max(...means, 1e-9);
  return table({
    caption: metricName(answer.metric) + ': mean where both sides have the structure' + (answer.unit === '1' ? '' : ', ' + answer.unit),
    columns: [
      { title: 'Model', cell: (row) => row.name },
      ...[...structures].sort().map((name) => ({
        title: name,
        number: true,
        cell: (row) => {
          const group = row.cells.get(name);
          if (!group) return '–';
          const { counts, detected } = group;
          const wrong = counts.misses + counts.hallucinations;
          const share = Math.max(0, Math.min(1, (detected.mean ?? 0) / most));
          const barNode = h('span', { class: 'share', 'aria-hidden': 'true' });
          barNode.style.width = (100 * share).toFixed(1) + '%';
          return h('span', { class: 'heat' },
            h('a', { href: address('/explore.html', { ...chosen, model: row.key.model, version: row.key.version, structure: group.key.structure, metric: answer.metric }), title: counts.cases + ' cases, ' + counts.misses + ' missed, ' + counts.hallucinations + ' made up; mean with these ' + number(group.penalised?.mean, 3) },
              number(detected.mean, 3)),
            h('span', { class: 'hint block' }, 'n ' + counts.detected + (wrong ? ', ' + wrong + ' wrong' : '')),
            barNode);
        },
      })),
    ],
    rows,
  });
}

const MOST_WEEKS = 520;
const WEEK_MS = 7 * 86_400_000;

/** The Thursday of an ISO week, which lies in the week's own year. */
function thursday(week) {
  const [year, number_] = week.split('-W').map(Number);
  const fourth = Date.UTC(year, 0, 4); // always in week 1
  return fourth + (4 - (new Date(fourth).getUTCDay() || 7)) * 86_400_000 + (number_ - 1) * WEEK_MS;
}

function weekOf(time) {
  const year = new Date(time).getUTCFullYear();
  return year + '-W' + String(1 + Math.round((time - thursday(year + '-W01')) / WEEK_MS)).padStart(2, '0');
}

/** Those without results, too: time runs evenly along the axis. */
function everyWeek(weeks) {
  if (weeks.length < 2) return weeks;
  const all = [];
  for (let time = thursday(weeks[0]); time <= thursday(weeks.at(-1)) && all.length < MOST_WEEKS; time += WEEK_MS) all.push(weekOf(time));
  return all.at(-1) === weeks.at(-1) ? all : weeks;
}

function trendOf(answer) {
  const labels = everyWeek([...new Set(answer.groups.map((group) => group.key.week))].filter(Boolean).sort());
  const series = new Map();
  for (const group of answer.groups) {
    if (typeof group.detected?.mean !== 'number' || !group.key.week) continue;
    const name = modelName(group.key) + (Object.keys(group.parameters ?? {}).length ? ' ' + parametersText(group.parameters) : '');
    if (!series.has(name)) series.set(name, { name, values: new Map() });
    series.get(name).values.set(group.key.week, group.detected.mean);
  }
  if (!series.size) return empty('No weeks to show.');
  const all = [...series.values()].slice(0, 6);
  return [
    trend({ title: metricName(answer.metric) + ' of all structures together, mean of each week', labels, series: all, unit: answer.unit }),
    h('details', {}, h('summary', {}, 'The same in numbers'), table({
      caption: 'Weekly means',
      columns: [{ title: 'Week', cell: (label) => label }, ...all.map((one) => ({ title: one.name, number: true, cell: (label) => number(one.values.get(label), 3) }))],
      rows: labels.filter((label) => all.some((one) => one.values.has(label))),
    })),
  ];
}

function section(title, content) {
  return h('section', { class: 'card' }, h('h2', {}, title), content);
}

function place(work, waiting) {
  const node = h('div', {});
  load(node, work, { waiting });
  return node;
}

function last(title, content) {
  const node = section(title, content);
  node.id = 'last';
  return node;
}

function show() {
  const failed = new URLSearchParams(location.search).get('state') === 'FAILED';
  const chosen = filled(filters);
  const asked = query(chosen);
  byId('content').replaceChildren(
    place(tiles),
    section('Models and structures', place(async () => {
      const answer = await get(address('/api/v1/aggregates', { ...asked, groupBy: 'model,version,structure', stat: 'mean' }));
      if (!answer.groups.length) return empty('No results match. ', h('a', { href: '/' }, 'Score a pair'), ', or start the service with --demo to see how this looks.');
      return matrix(answer, chosen);
    })),
    h('div', { class: 'grid2' },
      section('Trend', place(async () => trendOf(await get(address('/api/v1/aggregates', { ...asked, structure: '*', groupBy: 'model,version,week', stat: 'mean' }))))),
      section('What alarms', place(async () => {
        const { alerts } = await get('/api/v1/alerts?state=OPEN&limit=8');
        if (!alerts.length) return empty('No rule of a control chart is broken.');
        return table({
          caption: 'The newest open alerts',
          columns: [
            { title: 'Case', cell: (alert) => h('a', { href: '/case.html?id=' + alert.evaluation }, alert.caseId ?? alert.evaluation.slice(-8)) },
            { title: 'What', cell: (alert) => modelName(alert) + ', ' + structureName(alert.structure) + ', ' + metricName(alert.metric) },
            { title: 'Value', number: true, cell: (alert) => number(alert.value, 3) },
            { title: 'Day', cell: (alert) => h('time', { datetime: alert.at }, day(alert.at)) },
          ],
          rows: alerts,
        });
      }))),
    last(failed ? 'The last evaluations that could not be scored' : 'The last evaluations', place(async () => {
      const { evaluations } = await get(address('/api/v1/evaluations', { limit: failed ? 50 : 8, model: chosen.model, state: failed ? 'FAILED' : undefined }));
      if (!evaluations.length) return empty(failed ? 'None.' : 'Nothing was scored yet.');
      return table({
        caption: 'Newest first',
        columns: [
          { title: 'Case', cell: (one) => h('a', { href: '/case.html?id=' + one.id }, one.caseId ?? one.id.slice(-8)) },
          { title: 'Model', cell: (one) => (one.model ? one.model.name + (one.model.version ? ' ' + one.model.version : '') : '–') },
          { title: 'Site', cell: (one) => one.site ?? '–' },
          { title: 'State', cell: (one) => h('span', {}, h('span', { class: 'chip ' + one.state.toLowerCase() }, stateWords(one.state)), one.problem && failed ? ' ' + (one.problem.title ?? '') : '') },
          { title: 'Submitted', cell: (one) => when(one.createdAt) },
        ],
        rows: evaluations,
      });
    })));
}

bindToAddress(filters, show);
show();
