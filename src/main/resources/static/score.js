// The form: uploads with progress, follows the evaluation's events, shows the scorecard or the problem.
const byId = (id) => document.getElementById(id);
const form = byId('form');
let running = null;

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function say(text) { byId('status').textContent = text; }

function number(value) {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e6) ? value.toExponential(3) : value.toFixed(4);
}

function shown(value) {
  if (!value) return { text: '–' };
  if (value.value === null || value.value === undefined) {
    return { text: value.state.toLowerCase().replaceAll('_', ' '), className: 'state', title: value.reason };
  }
  return { text: number(value.value) + (value.unit === '1' ? '' : ' ' + value.unit), title: value.state === 'OK' ? '' : value.state };
}

function cell(value) {
  const view = shown(value);
  const node = element('td', view.text, view.className);
  if (view.title) node.title = view.title;
  return node;
}

function first(metrics, name) {
  const value = metrics[name];
  return Array.isArray(value) ? value[0] : value;
}

function nameOf(entry) {
  const who = entry.segment;
  return who.label ? who.label + (who.number ? ' (' + who.number + ')' : '') : 'Segment ' + who.number;
}

function head(table, caption, columns) {
  table.replaceChildren(element('caption', caption));
  const row = element('tr');
  for (const column of columns) {
    const th = element('th', column);
    th.scope = 'col';
    row.append(th);
  }
  const thead = element('thead');
  thead.append(row);
  table.append(thead);
  return table.appendChild(element('tbody'));
}

function showVerdict(card) {
  const box = byId('verdict');
  box.replaceChildren();
  const g = card.geometry;
  const facts = [['Geometry', g.verdict, g.verdict === 'identical' ? 'ok' : 'warn']];
  if (g.cornerDisplacementVoxels !== undefined) facts.push(['Corner displacement', number(g.cornerDisplacementVoxels) + ' voxel']);
  if (g.spacingMm) facts.push(['Spacing', g.spacingMm.map((mm) => +mm.toFixed(4)).join(' × ') + ' mm']);
  if (g.evaluationGrid) facts.push(['Evaluation grid', g.evaluationGrid.join(' × ')]);
  if (g.covered) facts.push(['Covered', (100 * Math.min(g.covered.prediction, g.covered.reference)).toFixed(1) + ' %']);
  facts.push(['Protocol', card.protocol.id]);
  for (const [label, text, className] of facts) {
    const fact = element('div');
    fact.append(element('span', label), element('strong', text, className));
    box.append(fact);
  }
}

function showTables(card) {
  const wanted = ['dice', 'jaccard', 'sensitivity', 'precision', 'hd95', 'masd', 'volume_prediction_ml', 'volume_reference_ml'];
  const rows = card.segments.map((entry) => [nameOf(entry), entry.metrics]);
  rows.push(['All foreground', card.overall.metrics]);
  const columns = wanted.filter((name) => rows.some(([, metrics]) => name in metrics));
  const body = head(byId('summary'), 'Chosen metrics for each segment', ['Segment', ...columns]);
  for (const [name, metrics] of rows) {
    const row = element('tr');
    const th = element('th', name);
    th.scope = 'row';
    row.append(th, ...columns.map((column) => cell(first(metrics, column))));
    body.append(row);
  }
  const all = head(byId('all'), 'Every value with its parameters', ['Segment', 'Metric', 'Parameters', 'Value', 'State']);
  for (const [name, metrics] of rows) {
    for (const [metric, values] of Object.entries(metrics)) {
      for (const value of Array.isArray(values) ? values : [values]) {
        const row = element('tr');
        const parameters = Object.entries(value.parameters ?? {}).map(([k, v]) => k + ' ' + v).join(', ');
        row.append(element('td', name), element('td', metric), element('td', parameters), cell(value), element('td', value.state));
        all.append(row);
      }
    }
  }
}

function showScorecard(card, path) {
  showVerdict(card);
  showTables(card);
  const line = byId('provenance');
  const link = element('a', 'scorecard as JSON');
  link.href = path + '/scorecard';
  line.replaceChildren('Engine ' + card.engine.version + ' (' + card.engine.commit + '), ', link);
  for (const notice of card.notices ?? []) line.append(element('br'), notice);
  byId('result').hidden = false;
  say('Scored.');
}

async function showProblem(problem) {
  byId('problem-title').textContent = problem.title ?? 'The service did not answer as expected';
  byId('problem-detail').textContent = problem.detail ?? '';
  const members = byId('problem-members');
  members.replaceChildren();
  for (const [name, value] of Object.entries(problem)) {
    if (['type', 'title', 'detail', 'status', 'instance'].includes(name)) continue;
    members.append(element('dt', name), element('dd', typeof value === 'object' ? JSON.stringify(value) : String(value)));
  }
  byId('problem-advice').textContent = '';
  byId('problem').hidden = false;
  say('Not scored.');
  if (problem.type?.startsWith('/problems/')) {
    const answer = await fetch(problem.type);
    if (answer.ok) byId('problem-advice').textContent = (await answer.json()).advice;
  }
}

function requestPart() {
  const request = {};
  const text = (name) => form.elements[name].value.trim();
  if (text('caseId')) request.caseId = text('caseId');
  if (text('model')) request.model = text('version') ? { name: text('model'), version: text('version') } : { name: text('model') };
  if (text('protocol')) request.protocol = text('protocol');
  return Object.keys(request).length ? JSON.stringify(request) : null;
}

function upload(data) {
  return new Promise((resolve, reject) => {
    const http = new XMLHttpRequest();
    const bar = byId('progress');
    http.open('POST', '/api/v1/evaluations');
    http.responseType = 'json';
    http.upload.onprogress = (event) => {
      if (event.lengthComputable) {
        bar.value = event.loaded / event.total;
        say('Sending, ' + Math.round(100 * bar.value) + ' %');
      }
    };
    http.onload = () => (http.status === 202 ? resolve(http.response) : reject(http.response ?? {}));
    http.onerror = () => reject({ title: 'The service cannot be reached', detail: 'The upload was not accepted; try again.' });
    http.onabort = () => reject({ title: 'Cancelled', detail: 'The upload was stopped; nothing was stored.' });
    running = { abort: () => http.abort() };
    http.send(data);
  });
}

function follow(evaluation) {
  return new Promise((resolve) => {
    const source = new EventSource(evaluation.links.events);
    running = { abort: () => fetch(evaluation.links.self, { method: 'DELETE' }) };
    const heard = (event) => {
      const { state, stage } = JSON.parse(event.data);
      say(stage ? stage[0].toUpperCase() + stage.slice(1) : state[0] + state.slice(1).toLowerCase());
      if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(state)) {
        source.close();
        resolve();
      }
    };
    source.addEventListener('state', heard);
    source.addEventListener('stage', heard);
  });
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  byId('result').hidden = true;
  byId('problem').hidden = true;
  const data = new FormData();
  for (const side of ['prediction', 'reference']) {
    for (const file of form.elements[side].files) data.append(side, file, 'file'); // names may name a patient: not sent
  }
  const request = requestPart();
  if (request) data.append('request', request);
  byId('submit').disabled = true;
  byId('cancel').hidden = false;
  byId('progress').hidden = false;
  try {
    const evaluation = await upload(data);
    byId('progress').hidden = true;
    await follow(evaluation);
    const done = await (await fetch(evaluation.links.self)).json();
    if (done.state === 'SUCCEEDED') showScorecard(done.scorecard, done.links.self);
    else if (done.problem) await showProblem(done.problem);
    else say('Cancelled.');
  } catch (problem) {
    await showProblem(problem);
  } finally {
    byId('submit').disabled = false;
    byId('cancel').hidden = true;
    byId('progress').hidden = true;
    byId('progress').value = 0;
    running = null;
  }
});

byId('cancel').addEventListener('click', () => running?.abort());
byId('origin').textContent = location.origin;

const { protocols } = await (await fetch('/api/v1/protocols')).json();
for (const protocol of protocols) {
  const option = element('option', protocol.id);
  option.value = protocol.id;
  option.title = protocol.title;
  byId('protocol').append(option);
}

// A link such as /?evaluation=<id> shows an evaluation that exists.
const known = new URLSearchParams(location.search).get('evaluation');
if (known) {
  const answer = await fetch('/api/v1/evaluations/' + encodeURIComponent(known));
  const body = await answer.json();
  if (body.scorecard) showScorecard(body.scorecard, body.links.self);
  else await showProblem(body.problem ?? body);
}
