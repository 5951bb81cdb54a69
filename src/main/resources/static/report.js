// What a month was like, to be printed: volumes of work, every model on every structure, what changed, what alarmed, the worst cases.
import { byId, h, frame, get, address, load, empty, number, table, when, bindToAddress, filled } from './app.js';
import { METRICS, metricName, structureName, modelName, parametersText } from './cohort.js';

frame();
const filters = byId('filters');
const thisMonth = new Date().toISOString().slice(0, 7);
filters.append(
  h('label', {}, 'Month', h('input', { type: 'month', name: 'month', value: thisMonth })),
  h('label', {}, 'Metric', h('select', { name: 'metric' }, METRICS.map(([name, title]) => h('option', { value: name }, title)))),
  h('label', {}, 'Model', h('input', { name: 'model', size: 12, maxlength: 200, placeholder: 'any' })),
  h('label', {}, 'Site', h('input', { name: 'site', size: 12, maxlength: 200, placeholder: 'any' })),
  h('button', { type: 'button', class: 'plain small', onclick: () => print() }, 'Print'));

function month(text, by = 0) {
  const [year, number_] = text.split('-').map(Number);
  return new Date(Date.UTC(year, number_ - 1 + by, 1)).toISOString().slice(0, 19) + 'Z';
}

/** Of fewer cases an interval says nothing: it is wider than the metric can be. */
const FEWEST = 5;

const counted = (n, word) => number(n) + ' ' + word + (n === 1 ? '' : 's');

/** With its sign, unless it rounds to nothing. */
function signed(difference) {
  const text = Math.abs(difference).toFixed(3);
  return (Number(text) === 0 ? '' : difference > 0 ? '+' : '\u2212') + text;
}

const keyOf = (group) => JSON.stringify([group.key, group.parameters]);

function show() {
  const { month: chosen = thisMonth, metric = 'dice', model, site } = filled(filters);
  const time = { from: month(chosen), to: month(chosen, 1) };
  const title = new Date(time.from).toLocaleString('en', { month: 'long', year: 'numeric', timeZone: 'UTC' });
  load(byId('content'), async () => {
    const ask = (times) => get(address('/api/v1/aggregates', { metric, model, site, ...times, groupBy: 'model,version,structure', stat: 'mean,sd,median,ci95,p5,p95' }));
    const [now, before, alerts] = await Promise.all([
      ask(time), ask({ from: month(chosen, -1), to: month(chosen) }),
      get(address('/api/v1/alerts', { model, limit: 100 })),
    ]);
    if (!now.groups.length) return h('section', { class: 'card' }, empty('No results in ' + title + '.'));
    const earlier = new Map(before.groups.map((group) => [keyOf(group), group]));
    const rows = await worst(metric, now.direction, { model, site, ...time });
    const inMonth = alerts.alerts.filter((alert) => alert.at >= time.from && alert.at < time.to);
    const evaluations = new Map();
    for (const group of now.groups) {
      const name = modelName(group.key);
      evaluations.set(name, Math.max(evaluations.get(name) ?? 0, group.counts.cases));
    }
    // An evaluation that failed counts for each of its structures; here it is said once.
    const failed = new Map();
    for (const group of now.groups) failed.set(modelName(group.key), Math.max(failed.get(modelName(group.key)) ?? 0, group.counts.failed));
    const failures = [...failed.values()].reduce((total, n) => total + n, 0);
    const undefinedValues = now.groups.reduce((total, group) => total + group.counts.notScored - group.counts.failed, 0);
    const sum = (name) => now.groups.reduce((total, group) => total + group.counts[name], 0);
    return [
      h('section', { class: 'card' }, h('h2', {}, title + (site ? ', ' + site : '') + (model ? ', ' + model : '')),
        h('p', {}, number([...evaluations.values()].reduce((total, n) => total + n, 0)) + ' evaluations of ' + counted(evaluations.size, 'model version') + '; '
          + number(sum('misses')) + ' structures were missed, ' + number(sum('hallucinations')) + ' made up, ' + number(undefinedValues) + ' without a value; ' + counted(failures, 'evaluation') + ' failed. '
          + counted(inMonth.length, 'alert') + ', ' + inMonth.filter((alert) => alert.state === 'OPEN').length + ' of them open.'),
        table({
          caption: metricName(metric) + ' of each model and structure' + (now.unit === '1' ? '' : ', ' + now.unit) + '; change: of the mean since the month before; no interval for fewer than ' + FEWEST + ' cases',
          columns: [
            { title: 'Model', cell: (group) => modelName(group.key) },
            { title: 'Structure', cell: (group) => structureName(group.key.structure) + (parametersText(group.parameters) ? ' (' + parametersText(group.parameters) + ')' : '') },
            { title: 'Cases', number: true, cell: (group) => number(group.counts.cases) },
            { title: 'Missed', number: true, cell: (group) => number(group.counts.misses) },
            { title: 'Made up', number: true, cell: (group) => number(group.counts.hallucinations) },
            { title: 'Mean', number: true, cell: (group) => number(group.detected.mean, 3) },
            { title: '95 % interval', number: true, cell: (group) => (group.detected.ci95 && group.detected.n >= FEWEST ? number(group.detected.ci95.lower, 3) + ' to ' + number(group.detected.ci95.upper, 3) : '–') },
            { title: 'Median', number: true, cell: (group) => number(group.detected.median, 3) },
            { title: 'Worst 5 %', number: true, cell: (group) => number(group.detected.quantiles?.[now.direction === 'LOWER' ? 'p95' : 'p5'], 3) },
            { title: 'Change', number: true, cell: (group) => {
              const was = earlier.get(keyOf(group))?.detected.mean;
              return typeof was === 'number' && typeof group.detected.mean === 'number' ? signed(group.detected.mean - was) : 'new';
            } },
          ],
          rows: now.groups,
        })),
      h('section', { class: 'card' }, h('h2', {}, 'Alerts of the month'),
        inMonth.length ? table({
          caption: 'Broken rules of the control charts',
          columns: [
            { title: 'When', cell: (alert) => when(alert.at) },
            { title: 'What', cell: (alert) => modelName(alert) + ', ' + structureName(alert.structure) + ', ' + metricName(alert.metric) },
            { title: 'Rule', cell: (alert) => h('span', { class: 'wrap' }, alert.description) },
            { title: 'Value', number: true, cell: (alert) => number(alert.value, 3) },
            { title: 'Note', cell: (alert) => (alert.state === 'OPEN' ? 'open' : [alert.acknowledgedBy, alert.reason].filter(Boolean).join(': ')) },
          ],
          rows: inMonth,
        }) : empty('None.')),
      h('section', { class: 'card' }, h('h2', {}, 'The worst cases'),
        rows.length ? table({
          caption: metricName(metric) + ' of single structures, the worst first',
          columns: [
            { title: 'Case', cell: (row) => h('a', { href: '/case.html?id=' + row.evaluation }, row.case ?? row.evaluation.slice(-8)) },
            { title: 'Model', cell: (row) => modelName(row) },
            { title: 'Structure', cell: (row) => structureName(row.structure) },
            { title: 'Site', cell: (row) => row.site ?? '–' },
            { title: 'Value', number: true, cell: (row) => number(row.value, 3) },
          ],
          rows,
        }) : empty('None.')),
    ];
  });
}

/** The ten worst of the newest results of the month. */
async function worst(metric, direction, filter) {
  const { results } = await get(address('/api/v1/results', { ...filter, metric, limit: 5000 }));
  const sign = direction === 'LOWER' ? -1 : 1;
  return results.filter((row) => typeof row.value === 'number' && row.structure !== '*').sort((a, b) => sign * (a.value - b.value)).slice(0, 10);
}

bindToAddress(filters, show);
show();
