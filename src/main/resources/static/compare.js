// Two models on the same cases: what differs, how surely, and on which cases.
import { byId, h, frame, send, load, empty, number, table, bindToAddress, filled } from './app.js';
import { METRICS, known, metricName, structureName, modelName, parametersText } from './cohort.js';
import { scatter, blandAltman, forest } from './charts.js';

frame();
const ADJUSTED = { HOLM: 'Holm', BENJAMINI_HOCHBERG: 'Benjamini and Hochberg', NONE: 'nothing' };
const filters = byId('filters');
const input = (name, title) => {
  const list = h('datalist', { id: 'known-' + name });
  const field = h('input', { name, list: list.id, autocomplete: 'off', maxlength: 200, size: 12 });
  field.addEventListener('focus', () => known(name.replace(/[AB]$/, '')).then((values) => list.replaceChildren(...values.map((value) => h('option', { value })))), { once: true });
  return h('label', {}, title, field, list);
};
filters.append(
  input('modelA', 'Model A'), input('versionA', 'Version A'), input('modelB', 'Model B'), input('versionB', 'Version B'),
  h('label', {}, 'Metric', h('select', { name: 'metric' }, METRICS.map(([name, title]) => h('option', { value: name }, title)))),
  h('label', {}, 'Margin', h('input', { name: 'margin', inputmode: 'decimal', size: 6, placeholder: 'none', pattern: '[0-9]*\\.?[0-9]+' })),
  h('button', { type: 'submit', class: 'small' }, 'Compare'));

function verdict(one, a, b, unit) {
  if (!one.test) return one.warning ?? 'Too few common cases to say anything.';
  const better = one.better === 'a' || one.better === 'A' ? a : one.better ? b : null;
  const p = one.test.adjustedP;
  return (better ? better + ' is better' : 'No difference is shown')
    + ' (mean difference ' + number(one.meanDifference, 4) + (unit === '1' ? '' : ' ' + unit) + ', p ' + (p < 0.0001 ? '< 0.0001' : '= ' + number(p, 4)) + ' adjusted)'
    + (one.nonInferiority ? (one.nonInferiority.nonInferior ? '; A is not worse than B by more than ' : '; it is not shown that A is not worse by more than ') + number(one.nonInferiority.margin, 3) : '') + '.';
}

function result(answer, a, b) {
  const structures = answer.structures.map((one) => ({ ...one, name: structureName(one.structure) + (Object.keys(one.parameters ?? {}).length ? ' (' + parametersText(one.parameters) + ')' : '') }));
  const place = h('div', { class: 'grid2' });
  const choose = (one) => {
    const points = one.points ?? [];
    place.replaceChildren(
      h('section', { class: 'card' }, h('h2', {}, 'Case by case: ' + one.name),
        points.length ? scatter({ title: metricName(answer.metric) + '; on the dashed line both are alike', points, nameA: a, nameB: b, link: (point) => '/case.html?id=' + point.evaluationB }) : empty('No common cases.')),
      h('section', { class: 'card' }, h('h2', {}, 'Volumes: ' + one.name),
        one.volumes?.points?.length ? blandAltman({ title: 'Difference of the volumes (A − B) against their mean, Bland and Altman', points: one.volumes.points, agreement: one.volumes.between }) : empty('No volumes to compare.'),
        one.volumes ? h('p', { class: 'hint' }, [['A', one.volumes.a], ['B', one.volumes.b]].filter(([, of]) => of).map(([side, of]) =>
          side + ' against its reference: bias ' + number(of.bias, 2) + ' ml, limits ' + number(of.lower, 2) + ' to ' + number(of.upper, 2) + '. ').join('')) : ''),
      differences(points, one, a, b));
  };
  const pick = h('select', { id: 'structure' }, structures.map((one, at) => h('option', { value: at }, one.name)));
  pick.addEventListener('change', () => choose(structures[pick.value]));
  choose(structures[0]);
  return [
    h('section', { class: 'card' }, h('h2', {}, 'What differs'),
      h('ul', { class: 'plainlist' }, structures.map((one) => h('li', {}, h('strong', {}, one.name + ': '), verdict(one, a, b, answer.unit)))),
      forest({
        title: 'Mean difference A − B with its 95 % interval',
        rows: structures.filter((one) => typeof one.meanDifference === 'number').map((one) => ({ name: one.name, value: one.meanDifference, lower: one.ci95?.lower, upper: one.ci95?.upper })),
        unit: answer.unit, less: b + ' higher', more: a + ' higher',
      }),
      table({
        caption: 'Common cases of both; p by Wilcoxon’s signed-rank test, adjusted after ' + (ADJUSTED[answer.adjust] ?? answer.adjust),
        columns: [
          { title: 'Structure', cell: (one) => one.name },
          { title: 'Pairs', number: true, cell: (one) => number(one.pairs) },
          { title: 'Mean A', number: true, cell: (one) => number(one.meanA, 4) },
          { title: 'Mean B', number: true, cell: (one) => number(one.meanB, 4) },
          { title: 'A − B', number: true, cell: (one) => number(one.meanDifference, 4) },
          { title: '95 % interval', number: true, cell: (one) => (one.ci95 ? number(one.ci95.lower, 4) + ' to ' + number(one.ci95.upper, 4) : '–') },
          { title: 'p', number: true, cell: (one) => number(one.test?.p, 4) },
          { title: 'p adjusted', number: true, cell: (one) => number(one.test?.adjustedP, 4) },
          { title: 'Effect', number: true, cell: (one) => h('span', { title: 'matched-pairs rank biserial correlation' }, number(one.test?.rankBiserial, 3)) },
          { title: 'Detectable', number: true, cell: (one) => h('span', { title: 'the smallest difference that so many cases could show' }, number(one.minimumDetectableDifference, 4)) },
          { title: 'Only A / B', number: true, cell: (one) => one.onlyA + ' / ' + one.onlyB },
        ],
        rows: structures,
      })),
    h('div', { class: 'toolbar' }, h('label', { for: 'structure' }, 'Structure'), pick),
    place,
  ];
}

function differences(points, one, a, b) {
  const largest = [...points].sort((x, y) => Math.abs(y.a - y.b) - Math.abs(x.a - x.b)).slice(0, 15);
  return h('section', { class: 'card' }, h('h2', {}, 'The largest differences'),
    largest.length ? table({
      caption: 'Cases on which they differ most: ' + one.name,
      columns: [
        { title: 'Case', cell: (point) => point.caseId },
        { title: a, number: true, cell: (point) => h('a', { href: '/case.html?id=' + point.evaluationA }, number(point.a, 3)) },
        { title: b, number: true, cell: (point) => h('a', { href: '/case.html?id=' + point.evaluationB }, number(point.b, 3)) },
        { title: 'A − B', number: true, cell: (point) => number(point.a - point.b, 3) },
      ],
      rows: largest,
    }) : empty('None.'));
}

function show() {
  const chosen = filled(filters);
  if (!chosen.modelA || !(chosen.modelB || chosen.versionB)) {
    byId('content').replaceChildren(h('section', { class: 'card' }, empty('Name two models, or two versions of one. They are compared on the cases that both have scored.')));
    return;
  }
  const modelB = chosen.modelB ?? chosen.modelA;
  const a = modelName({ model: chosen.modelA, version: chosen.versionA });
  const b = modelName({ model: modelB, version: chosen.versionB });
  const side = (model, version) => (version ? { model, version } : { model });
  load(byId('content'), async () => {
    const answer = await send('POST', '/api/v1/comparisons', {
      a: side(chosen.modelA, chosen.versionA), b: side(modelB, chosen.versionB), metric: chosen.metric ?? 'dice',
      ...(chosen.margin ? { margin: Number(chosen.margin) } : {}),
    });
    if (!answer.structures.length) return h('section', { class: 'card' }, empty('They have no case in common.'));
    return result(answer, a, b);
  }, { waiting: 'Comparing…' });
}

bindToAddress(filters, show);
show();
