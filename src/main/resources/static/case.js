// One evaluation: what was compared, how well it fits, where it does not, and why.
import {
  byId, h, frame, get, load, empty, problemCard, Problem, number, quantity, stateWords, words, when, table, csv, download, request,
} from './app.js';
import { Viewer } from './viewer.js';

frame();
const id = new URLSearchParams(location.search).get('id') ?? '';
const base = '/api/v1/evaluations/' + encodeURIComponent(id);

const CHOSEN = ['dice', 'nsd', 'hd95', 'masd', 'sensitivity', 'precision', 'volume_difference_ml', 'volume_reference_ml'];
const DIGITS = { hd95: 2, masd: 2, hd: 2, volume_difference_ml: 2, volume_reference_ml: 2, volume_prediction_ml: 2 };

const list = (values) => (values === undefined ? [] : Array.isArray(values) ? values : [values]);
const parameters = (value) => Object.entries(value.parameters ?? {}).map(([name, v]) => words(name).replace(' mm', '') + ' ' + v + (name.endsWith('Mm') ? ' mm' : '')).join(', ');

function nameOf(entry) {
  const { label, number: n } = entry.segment;
  return label && label !== String(n) ? label : 'Segment ' + n;
}

function shown(value, digits) {
  if (!value) return '–';
  if (value.value === null || value.value === undefined) {
    return h('span', { class: 'state', title: value.reason }, stateWords(value.state));
  }
  return h('span', { title: value.state === 'OK' ? null : stateWords(value.state) }, number(value.value, digits));
}

function links(evaluation) {
  const all = evaluation.links;
  return h('p', { class: 'links' },
    h('a', { href: all.self }, 'Evaluation (JSON)'),
    all.scorecard ? h('a', { href: all.scorecard }, 'Scorecard (JSON)') : null,
    evaluation.scorecard ? h('button', { type: 'button', class: 'link', onclick: () => exportCsv(evaluation.scorecard) }, 'All values (CSV)') : null,
    h('a', { href: base + '/verify' }, 'Verify'),
    h('button', { type: 'button', class: 'link', onclick: () => print() }, 'Print'));
}

function exportCsv(card) {
  const rows = [];
  const add = (who, protocol, metrics) => {
    for (const [metric, values] of Object.entries(metrics ?? {})) {
      for (const value of list(values)) {
        rows.push([card.caseId, card.model?.name, card.model?.version, who, protocol, metric, parameters(value), value.value, value.unit, value.state]);
      }
    }
  };
  card.segments.forEach((entry) => add(nameOf(entry), card.protocol.id, entry.metrics));
  add('all', card.protocol.id, card.overall.metrics);
  for (const other of card.byProtocol ?? []) {
    other.segments.forEach((entry) => add(nameOf(card.segments[entry.index]), other.protocol.id, entry.metrics));
  }
  download('scorecard-' + id + '.csv',
    csv(['case', 'model', 'version', 'segment', 'protocol', 'metric', 'parameters', 'value', 'unit', 'state'], rows));
}

/** The geometry in one sentence. */
function verdict(card) {
  const g = card.geometry;
  const grid = (g.evaluationGrid ?? []).join(' × ') + ' voxels of ' + (g.spacingMm ?? []).map((mm) => +mm.toFixed(3)).join(' × ') + ' mm';
  const first = {
    identical: g.gridsEqual ? 'Both sides lie on the same grid' : 'Both sides lie on one lattice',
    rounding: 'Both sides lie on one lattice, apart from the rounding of their headers',
    lenient: 'The two grids are not quite one lattice; the protocol accepts that',
    resampled: 'The prediction was resampled onto the reference’s grid',
  }[g.verdict] ?? 'Geometry: ' + g.verdict;
  const turned = g.axes && g.axes !== '+x +y +z' ? ', counted along other axes (' + g.axes + ') and re-indexed exactly' : '';
  const covered = g.covered ? Math.min(g.covered.prediction, g.covered.reference) : 1;
  return [
    first + turned + '; corners differ by ' + number(g.cornerDisplacementVoxels ?? 0, 4) + ' voxel. Scored on ' + grid
      + (covered < 1 ? ', of which one side covers ' + (100 * covered).toFixed(1) + ' %' : '') + '.',
    g.diceUnderHalfVoxelShift !== undefined && g.diceUnderHalfVoxelShift !== null
      ? ' Moving the reference by half a voxel would alone give a Dice of ' + number(g.diceUnderHalfVoxelShift, 3) + '.' : '',
  ].join('');
}

function counts(card) {
  const of = card.overall.segments ?? {};
  return [['found', of.detected], ['missed', of.missed], ['hallucinated', of.hallucinated], ['absent on both sides', of.agreedAbsent]]
    .filter(([, n]) => n > 0).map(([name, n]) => n + ' ' + name).join(', ');
}

function scorecard(card, viewer) {
  const rows = card.segments.map((entry, at) => ({ name: nameOf(entry), metrics: entry.metrics, value: String(at) }));
  rows.push({ name: 'All together', metrics: card.overall.metrics, value: 'all' });
  const columns = [{
    title: 'Structure',
    cell: (row) => viewer ? h('button', { type: 'button', class: 'link', title: 'Show its slices', onclick: () => { viewer.choose(row.value); byId('viewer').scrollIntoView({ behavior: 'smooth' }); } }, row.name) : row.name,
  }];
  for (const metric of CHOSEN) {
    const most = Math.max(0, ...rows.map((row) => list(row.metrics[metric]).length));
    for (let i = 0; i < most; i++) {
      const sample = rows.map((row) => list(row.metrics[metric])[i]).find(Boolean);
      const unit = sample.unit === '1' ? '' : ' (' + sample.unit + ')';
      const tolerance = sample.parameters?.toleranceMm;
      const title = metric === 'nsd' && tolerance !== undefined ? 'NSD at ' + tolerance + ' mm'
        : (metric === 'hd95' ? 'HD95' : metric === 'masd' ? 'MASD' : words(metric).replace(/ ml$/, '')) + unit;
      columns.push({ title: title[0].toUpperCase() + title.slice(1), number: true, cell: (row) => shown(list(row.metrics[metric])[i], DIGITS[metric] ?? 3) });
    }
  }
  return h('section', { class: 'card', 'aria-labelledby': 'scorecard-title' },
    h('h2', { id: 'scorecard-title' }, 'Scorecard'),
    h('p', {}, 'By ' + card.protocol.id + ': ' + counts(card) + '.'),
    table({ caption: 'Chosen metrics of each structure', columns, rows }),
    ...(card.unmatched ?? []).map((one) => h('p', { class: 'hint' },
      one.segment.label + ' is in the ' + one.side + ' only (' + number(one.voxels) + ' voxels).')));
}

/** What several conventions say of the same masks. */
function conventions(card) {
  if (!card.byProtocol?.length) return null;
  const protocols = [card.protocol.id, ...card.byProtocol.map((other) => other.protocol.id)];
  const rows = (card.spread ?? [])
    .filter((one) => one.index !== null && one.index !== undefined)
    .filter((one) => !['tp', 'fp', 'fn', 'tn'].includes(one.metric))
    .sort((a, b) => b.spread / (Math.abs(b.largest) || 1) - a.spread / (Math.abs(a.largest) || 1));
  const apart = rows.filter((one) => one.spread > 1e-9 * Math.max(1, Math.abs(one.largest)));
  const columns = [
    { title: 'Structure', cell: (row) => nameOf(card.segments[row.index]) },
    { title: 'Metric', cell: (row) => words(row.metric) + (row.parameters && Object.keys(row.parameters).length ? ' (' + parameters(row) + ')' : '') },
    ...protocols.map((protocol) => ({ title: protocol, number: true, cell: (row) => (row.values[protocol] === undefined ? '–' : row.values[protocol] === null ? 'undefined' : number(row.values[protocol], 4)) })),
    { title: 'Spread', number: true, cell: (row) => h('strong', {}, number(row.spread, 4)) },
  ];
  return h('section', { class: 'card', 'aria-labelledby': 'conventions-title' },
    h('h2', { id: 'conventions-title' }, 'Conventions side by side'),
    h('p', {}, apart.length === 0
      ? 'All ' + protocols.length + ' conventions say the same where they measure the same.'
      : apart.length + ' of ' + rows.length + ' values depend on the convention; the largest differences first.'),
    apart.length ? table({ caption: 'Values that depend on the convention', columns, rows: apart.slice(0, 40) }) : null);
}

/** Why the Dice of each structure is what it is. */
function fragility(card) {
  const rows = card.segments.filter((entry) => entry.fragility);
  if (!rows.length) return null;
  return h('section', { class: 'card', 'aria-labelledby': 'why-title' },
    h('h2', { id: 'why-title' }, 'Why the values are what they are'),
    h('dl', { class: 'sentences' }, rows.map((entry) => {
      const f = entry.fragility;
      const dice = list(entry.metrics.dice)[0]?.value;
      const miss = f.dice_by_one_more_miss;
      return [
        h('dt', {}, nameOf(entry)),
        h('dd', {},
          h('p', {}, dice === null || dice === undefined ? '' : 'Dice ' + number(dice, 3) + ': ', h('strong', {}, words(String(f.kind)) + '. '), f.sentence),
          f.small_object_warning ? h('p', { class: 'warning' }, f.small_object_warning) : null,
          typeof miss === 'number' ? h('p', { class: 'hint' }, 'One more missed voxel would change the Dice by ' + number(miss, 5) + '.') : null),
      ];
    })),
    lossPanel());
}

/** Losses cost more than a scorecard: they are measured when somebody asks. */
function lossPanel() {
  const place = h('div', { 'aria-live': 'polite' });
  const button = h('button', { type: 'button', class: 'plain', onclick: () => {
    button.disabled = true;
    load(place, async () => {
      let document;
      for (let round = 0; round < 60; round++) {
        const answer = await request(base + '/loss', { headers: { Prefer: 'wait=10' } });
        if (answer.status === 200) { document = await answer.json(); break; }
        await new Promise((done) => setTimeout(done, 1000));
      }
      if (!document) return empty('They are still being measured; look again later.');
      return lossTable(document);
    }, { waiting: 'Measuring…' }).finally(() => { button.hidden = true; });
  } }, 'Measure the losses a training would see');
  return h('div', { class: 'noprint' }, button, place);
}

function lossTable(document) {
  const wanted = ['dice_loss', 'jaccard_loss', 'tversky_loss', 'focal_tversky_loss', 'bce', 'focal_loss', 'hausdorff_dt_loss', 'cldice_loss'];
  const names = wanted.filter((name) => document.segments.some((entry) => entry.losses?.[name]));
  const soft = document.segments.some((entry) => entry.input !== 'mask');
  return [
    h('p', {}, soft ? 'The prediction has probabilities; these are its losses.'
      : 'The prediction is a mask, taken for probabilities of 0 and 1: a training that reached it would see these losses.'),
    table({
      caption: 'Losses of each structure, by the first set of parameters',
      columns: [
        { title: 'Structure', cell: (entry) => nameOf(entry) },
        ...names.map((name) => ({ title: words(name), number: true, cell: (entry) => shown(list(entry.losses?.[name])[0], 4) })),
      ],
      rows: document.segments,
    }),
    h('p', { class: 'hint' }, h('a', { href: base + '/loss' }, 'Every loss with its parameters and gradient (JSON)'), ' · ',
      h('a', { href: base + '/calibration' }, 'calibration'), ' · ', h('a', { href: base + '/fragility' }, 'fragility')),
  ];
}

function everything(card) {
  const rows = [];
  const add = (who, metrics) => {
    for (const [metric, values] of Object.entries(metrics)) for (const value of list(values)) rows.push({ who, metric, value });
  };
  card.segments.forEach((entry) => add(nameOf(entry), entry.metrics));
  add('All together', card.overall.metrics);
  const details = h('details', { class: 'card noprint' }, h('summary', {}, 'All ' + rows.length + ' values'));
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) {
      details.append(table({
        caption: 'Every value with its parameters',
        columns: [
          { title: 'Structure', cell: (row) => row.who },
          { title: 'Metric', cell: (row) => words(row.metric) },
          { title: 'Parameters', cell: (row) => parameters(row.value) },
          { title: 'Value', number: true, cell: (row) => shown(row.value, 6) },
          { title: 'Unit', cell: (row) => (row.value.unit === '1' ? '' : row.value.unit) },
        ],
        rows,
      }));
    }
  });
  return details;
}

function provenance(evaluation) {
  const card = evaluation.scorecard;
  const side = (name) => name + ': ' + card[name].format + ', ' + (card[name].encoding ?? '') + ', SHA-256 ' + [card[name].sha256].flat().map((hash) => hash.slice(0, 12) + '…').join(', ');
  return h('section', { class: 'card', 'aria-labelledby': 'provenance-title' },
    h('h2', { id: 'provenance-title' }, 'Where it comes from'),
    h('ul', { class: 'plainlist' },
      h('li', {}, side('prediction')), h('li', {}, side('reference')),
      h('li', {}, 'Protocol ' + card.protocol.id + ' (' + card.protocol.sha256.slice(0, 12) + '…), engine ' + card.engine.version + ' (' + card.engine.commit + ')'),
      ...(card.notices ?? []).map((notice) => h('li', {}, notice))));
}

function finished(evaluation) {
  const card = evaluation.scorecard;
  const entries = [
    ...card.segments.map((entry, at) => ({ value: String(at), title: nameOf(entry) })),
    { value: 'all', title: 'All together' },
  ];
  const fromPacs = [card.prediction, card.reference].some((side) => side?.format?.startsWith('dicom'));
  const viewer = new Viewer(base, entries, evaluation.inputs?.image ? 'sent' : evaluation.links.image && fromPacs ? 'elsewhere' : 'none');
  const place = h('div', {});
  byId('content').replaceChildren(
    links(evaluation),
    h('p', { class: 'card verdict-sentence' }, h('strong', {}, 'Geometry. '), verdict(card)),
    scorecard(card, viewer),
    h('section', { class: 'card', id: 'viewer', 'aria-labelledby': 'viewer-title' }, h('h2', { id: 'viewer-title' }, 'Slices, the worst first'), place),
    ...[fragility(card), conventions(card)].filter(Boolean),
    everything(card),
    provenance(evaluation));
  load(place, async () => {
    await viewer.choose(worstOf(card));
    return viewer.node;
  }, { waiting: 'Reading the voxels…' });
}

/** The structure of lowest Dice of those that have one. */
function worstOf(card) {
  let worst = 'all';
  let least = Infinity;
  card.segments.forEach((entry, at) => {
    const dice = list(entry.metrics.dice)[0]?.value;
    if (typeof dice === 'number' && dice < least) {
      least = dice;
      worst = String(at);
    }
  });
  return worst;
}

function heading(evaluation) {
  const name = evaluation.caseId ?? 'Evaluation ' + evaluation.id.slice(-8);
  document.title = name + ' · Segmeter';
  byId('title').replaceChildren(name, ' ', h('span', { class: 'chip ' + evaluation.state.toLowerCase() }, stateWords(evaluation.state)));
  const about = [];
  if (evaluation.model) about.push(evaluation.model.name + (evaluation.model.version ? ' ' + evaluation.model.version : ''));
  if (evaluation.site) about.push(evaluation.site);
  for (const [label, value] of Object.entries(evaluation.labels ?? {})) about.push(label + ' ' + value);
  byId('lead').replaceChildren(about.join(' · ') + (about.length ? ' · ' : ''), when(evaluation.finishedAt ?? evaluation.createdAt));
}

function unfinished(evaluation) {
  const stage = h('strong', {}, evaluation.stage ?? stateWords(evaluation.state));
  byId('content').replaceChildren(h('section', { class: 'card', role: 'status' },
    h('p', {}, evaluation.state === 'QUEUED' ? 'It waits for its turn. ' : 'It is being scored: ', stage),
    h('progress', { 'aria-label': 'Being scored' })));
  const source = new EventSource(evaluation.links.events);
  const heard = (event) => {
    const { state, stage: at } = JSON.parse(event.data);
    stage.textContent = at ?? stateWords(state);
    if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(state)) {
      source.close();
      start();
    }
  };
  source.addEventListener('state', heard);
  source.addEventListener('stage', heard);
}

async function start() {
  if (!id) {
    byId('content').replaceChildren(empty('No case was named. ', h('a', { href: '/' }, 'Choose one.')));
    return;
  }
  try {
    const evaluation = await get(base);
    heading(evaluation);
    if (evaluation.scorecard) finished(evaluation);
    else if (evaluation.state === 'FAILED') byId('content').replaceChildren(problemCard(new Problem(422, evaluation.problem)), links(evaluation));
    else if (evaluation.state === 'CANCELLED') byId('content').replaceChildren(empty('It was cancelled before it was scored.'), links(evaluation));
    else unfinished(evaluation);
  } catch (failure) {
    byId('content').replaceChildren(problemCard(failure));
    if (!(failure instanceof Problem)) throw failure;
  }
}

start();
