// Pairs of the PACS: what waits, what is ambiguous, and a person's word about it.
import { byId, h, frame, get, send, address, load, empty, problemCard, stateWords, table, when, bindToAddress, filled } from './app.js';

frame();
const PAGE = 100;
const filters = byId('filters');

const labels = (side) => (side?.segments ?? []).map((segment) => segment.label).join(', ');

function instance(side) {
  if (!side) return '–';
  const made = side.segments?.map((segment) => segment.algorithmName ?? segment.algorithmType).find(Boolean);
  return h('span', { class: 'wrap' }, labels(side) || 'no segments', h('br', {}),
    h('span', { class: 'hint' }, [made, side.source].filter(Boolean).join(', '), ' ', when(side.receivedAt)));
}

/** Asks which candidate it is. Nothing is chosen beforehand: a wrong click must not become a result. */
function resolution(pair) {
  const form = h('form', { class: 'resolution', 'aria-label': 'Which one belongs to this pair' },
    h('fieldset', {}, h('legend', {}, 'Which one belongs to it?'),
      (pair.candidates ?? []).map((candidate) => h('label', { class: 'choice' },
        h('input', { type: 'radio', name: 'counterpart', value: candidate.sopInstanceUid, required: true }), ' ', instance(candidate))),
      h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'counterpart', value: '' }), ' none of them')),
    h('button', { type: 'submit', class: 'small' }, 'Resolve'));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const chosen = new FormData(form).get('counterpart');
    await act(() => send('POST', pair.links.self + '/resolution', { counterpart: chosen === '' ? null : chosen }), 'The pair is resolved.');
  });
  return form;
}

function action(pair) {
  if (pair.state === 'AMBIGUOUS') return resolution(pair);
  if (pair.state === 'WAITING' && pair.prediction) {
    return h('button', { type: 'button', class: 'plain small', onclick: () => act(() => send('POST', pair.links.self + '/acceptance', {}), 'The prediction is accepted as it is.') }, 'Accept as it is');
  }
  if (pair.links.evaluation) return h('a', { href: '/case.html?id=' + pair.links.evaluation.split('/').at(-1) }, 'Case');
  return '';
}

async function act(work, done) {
  try {
    await work();
    byId('said').replaceChildren(h('p', { class: 'card' }, done));
  } catch (failure) {
    byId('said').replaceChildren(problemCard(failure));
  }
  await show();
}

function show() {
  const { state } = filled(filters);
  const offset = Number(new URLSearchParams(location.search).get('offset') ?? 0);
  return load(byId('pairs'), async () => {
    const { pairs } = await get(address('/api/v1/pairs', { state, limit: PAGE, offset: offset || undefined }));
    if (!pairs.length) {
      return h('section', { class: 'card' }, empty(state ? 'No pair is in this state. ' : 'No segmentation has come from a PACS yet. ',
        state ? null : 'The PACS forwards them by STOW-RS to /dicom-web/.'));
    }
    const turn = (by) => h('a', { href: address('/pairs.html', { state, offset: offset + by || undefined }) }, by > 0 ? 'Older' : 'Newer');
    return h('section', { class: 'card' },
      table({
        caption: 'Pairs, newest first',
        columns: [
          { title: 'Structures', cell: (pair) => h('span', { class: 'wrap', title: (pair.structures ?? []).join(', ') }, labels(pair.reference) || labels(pair.prediction) || '–') },
          { title: 'State', cell: (pair) => [h('span', { class: 'chip ' + pair.state.toLowerCase() }, stateWords(pair.state)), h('br', {}), h('span', { class: 'hint wrap' }, pair.reason)] },
          { title: 'Prediction', cell: (pair) => instance(pair.prediction) },
          { title: 'Reference', cell: (pair) => instance(pair.reference) },
          { title: 'Changed', cell: (pair) => when(pair.changedAt) },
          { title: 'What to do', cell: action },
        ],
        rows: pairs,
      }),
      h('p', { class: 'links' }, offset > 0 ? turn(-PAGE) : null, pairs.length === PAGE ? turn(PAGE) : null));
  });
}

bindToAddress(filters, show);
show();
