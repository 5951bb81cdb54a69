// The form: uploads with progress, follows the evaluation's events, then opens its case page or says why it could not be scored.
import { byId, h, frame, get, load, empty, problemCard, Problem, request, stateWords, when, table, toLogin } from './app.js';

frame();
const form = byId('form');
let running = null;

const say = (text) => { byId('status').textContent = text; };

function requestPart() {
  const wanted = {};
  const text = (name) => form.elements[name].value.trim();
  if (text('caseId')) wanted.caseId = text('caseId');
  if (text('model')) wanted.model = text('version') ? { name: text('model'), version: text('version') } : { name: text('model') };
  if (text('site')) wanted.site = text('site');
  const protocols = [...byId('protocol').selectedOptions].map((option) => option.value);
  if (protocols.length) wanted.protocol = protocols.length === 1 ? protocols[0] : protocols;
  return Object.keys(wanted).length ? JSON.stringify(wanted) : null;
}

/** By XMLHttpRequest: fetch does not tell how much has been sent. */
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
    http.onload = () => {
      if (http.status === 401) toLogin();
      if (http.status === 202) resolve(http.response);
      else reject(new Problem(http.status, http.response));
    };
    http.onerror = () => reject(new Problem(0, { title: 'The service cannot be reached', detail: 'The upload was not accepted; try again.' }));
    http.onabort = () => reject(new Problem(0, { title: 'Cancelled', detail: 'The upload was stopped; nothing was stored.' }));
    running = { abort: () => http.abort() };
    http.send(data);
  });
}

function follow(evaluation) {
  return new Promise((resolve) => {
    const source = new EventSource(evaluation.links.events);
    running = { abort: () => request(evaluation.links.self, { method: 'DELETE' }) };
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
  byId('problem').replaceChildren();
  const data = new FormData();
  for (const side of ['prediction', 'reference', 'image']) {
    for (const file of form.elements[side].files) data.append(side, file, 'file'); // names may name a patient: not sent
  }
  const part = requestPart();
  if (part) data.append('request', part);
  byId('submit').disabled = true;
  byId('cancel').hidden = false;
  byId('progress').hidden = false;
  try {
    const evaluation = await upload(data);
    byId('progress').hidden = true;
    await follow(evaluation);
    const done = await get(evaluation.links.self);
    if (done.state === 'SUCCEEDED') {
      say('Scored.');
      location.assign('/case.html?id=' + done.id);
    } else if (done.problem) throw new Problem(done.problem.status, done.problem);
    else say('Cancelled.');
  } catch (failure) {
    byId('problem').replaceChildren(problemCard(failure));
    say('Not scored.');
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

// A link of earlier versions, such as /?evaluation=<id>.
const known = new URLSearchParams(location.search).get('evaluation');
if (known) location.replace('/case.html?id=' + encodeURIComponent(known));

load(byId('recent'), async () => {
  const { evaluations } = await get('/api/v1/evaluations?limit=10');
  if (!evaluations.length) return empty('Nothing was scored yet.');
  return table({
      caption: 'Newest first',
      columns: [
        { title: 'Case', cell: (one) => h('a', { href: '/case.html?id=' + one.id }, one.caseId ?? one.id.slice(-8)) },
        { title: 'Model', cell: (one) => (one.model ? one.model.name + (one.model.version ? ' ' + one.model.version : '') : '–') },
        { title: 'Site', cell: (one) => one.site ?? '–' },
        { title: 'State', cell: (one) => h('span', { class: 'chip ' + one.state.toLowerCase() }, stateWords(one.state)) },
        { title: 'Submitted', cell: (one) => when(one.createdAt) },
      ],
      rows: evaluations,
    });
});

load(byId('protocol'), async () => {
  const { protocols } = await get('/api/v1/protocols');
  return protocols.map((protocol) => h('option', { value: protocol.id, title: protocol.title }, protocol.id));
}, { waiting: '' });
