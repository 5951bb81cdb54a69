// Control charts of the models that match, one for each structure and version.
import { byId, h, frame, get, address, load, empty, number, table, when, bindToAddress, filled } from './app.js';
import { fields, query, metricName, structureName, modelName, parametersText } from './cohort.js';
import { control } from './charts.js';

frame();
const filters = byId('filters');
fields(filters, {
  dimensions: ['model', 'version', 'site', 'structure'],
  more: [h('label', {}, 'Baseline', h('select', { name: 'baseline' }, [['', '30 cases'], ['20', '20 cases'], ['50', '50 cases'], ['150', '150 cases']].map(([value, title]) => h('option', { value }, title))))],
});

function seriesCard(series, answer) {
  const name = modelName(series) + ', ' + structureName(series.structure) + (Object.keys(series.parameters ?? {}).length ? ', ' + parametersText(series.parameters) : '');
  return h('section', { class: 'card' }, h('h2', {}, name),
    series.points.length ? control({ title: metricName(answer.metric) + ' in the order of submission; a red triangle completes a broken rule', series, unit: answer.unit, link: (point) => '/case.html?id=' + point.evaluation }) : empty('No values.'),
    series.withoutValue ? h('p', { class: 'hint' }, series.withoutValue + ' results have no value and are not drawn.') : '',
    series.violations.length ? h('details', {}, h('summary', {}, series.violations.length + (series.violations.length === 1 ? ' broken rule' : ' broken rules')), table({
      caption: 'Rules of Nelson (1984) that were broken after the baseline',
      columns: [
        { title: 'Case', cell: (one) => h('a', { href: '/case.html?id=' + one.evaluation }, series.points.find((point) => point.evaluation === one.evaluation)?.caseId ?? one.evaluation.slice(-8)) },
        { title: 'Rule', cell: (one) => one.rule + ': ' + one.description },
        { title: 'Value', number: true, cell: (one) => number(one.value, 4) },
        { title: 'When', cell: (one) => when(one.at) },
      ],
      rows: series.violations,
    })) : h('p', { class: 'hint' }, series.baseline ? 'No rule is broken.' : 'No limits yet: a baseline needs more cases.'));
}

function show() {
  const chosen = filled(filters);
  load(byId('content'), async () => {
    const answer = await get(address('/api/v1/charts', { ...query(chosen), baseline: chosen.baseline }));
    if (!answer.series.length) return h('section', { class: 'card' }, empty('No results match.'));
    const broken = answer.series.filter((series) => series.violations.length).length;
    return [
      h('p', {}, (answer.series.length === 1 ? '1 chart, ' : answer.series.length + ' charts, ') + broken + ' with broken rules' + (answer.more ? '; there are more: name a model or structure' : '') + '.'),
      h('div', { class: 'grid2' }, [...answer.series].sort((a, b) => b.violations.length - a.violations.length).map((series) => seriesCard(series, answer))),
    ];
  });
}

bindToAddress(filters, show);
show();
