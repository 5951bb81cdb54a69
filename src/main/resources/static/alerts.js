// Alerts of the control charts, and who took note of them.
import { byId, h, frame, get, send, address, load, empty, problemCard, number, table, when, bindToAddress, filled, stateWords } from './app.js';
import { metricName, structureName, modelName, parametersText } from './cohort.js';

frame();
const filters = byId('filters');
filters.append(h('label', {}, 'State', h('select', { name: 'state' }, [['', 'any'], ['OPEN', 'open'], ['ACKNOWLEDGED', 'acknowledged']].map(([value, title]) => h('option', { value }, title)))),
  h('label', {}, 'Model', h('input', { name: 'model', size: 12, maxlength: 200 })));

let cursor = null;

function acknowledgement(alert) {
  if (alert.state !== 'OPEN') {
    return h('span', { class: 'wrap' }, [alert.acknowledgedBy, alert.reason].filter(Boolean).join(': '), ' ', when(alert.acknowledgedAt));
  }
  const form = h('form', { class: 'toolbar', 'aria-label': 'Acknowledge this alert' },
    h('input', { name: 'acknowledgedBy', required: true, maxlength: 100, size: 8, placeholder: 'your name', 'aria-label': 'Your name', autocomplete: 'name' }),
    h('input', { name: 'reason', required: true, maxlength: 1000, size: 14, placeholder: 'what was found', 'aria-label': 'What was found' }),
    h('button', { type: 'submit', class: 'small' }, 'Acknowledge'));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await send('PATCH', '/api/v1/alerts/' + alert.id, filled(form));
      byId('said').replaceChildren(h('p', { class: 'card' }, 'The alert is acknowledged.'));
    } catch (failure) {
      byId('said').replaceChildren(problemCard(failure));
    }
    show();
  });
  const button = h('button', { type: 'button', class: 'plain small', onclick: () => {
    button.replaceWith(form);
    form.elements.acknowledgedBy.focus();
  } }, 'Acknowledge');
  return button;
}

function show(from = null) {
  cursor = from;
  return load(byId('content'), async () => {
    const { alerts, nextCursor } = await get(address('/api/v1/alerts', { ...filled(filters), limit: 100, cursor }));
    if (!alerts.length) return h('section', { class: 'card' }, empty('There is no such alert.'));
    return h('section', { class: 'card' }, table({
      caption: 'Newest first',
      columns: [
        { title: 'Case', cell: (alert) => h('a', { href: '/case.html?id=' + alert.evaluation }, alert.caseId ?? alert.evaluation.slice(-8)) },
        { title: 'What', cell: (alert) => h('a', { href: address('/charts.html', { model: alert.model, version: alert.version, structure: alert.structure, metric: alert.metric }) },
          modelName(alert) + ', ' + structureName(alert.structure) + ', ' + metricName(alert.metric) + ' ' + parametersText(alert.parameters)) },
        { title: 'Rule', cell: (alert) => h('span', { class: 'wrap' }, alert.rule + ': ' + alert.description) },
        { title: 'Value', number: true, cell: (alert) => h('span', { title: 'centre ' + number(alert.centre, 4) + ', sigma ' + number(alert.sigma, 4) }, number(alert.value, 3)) },
        { title: 'When', cell: (alert) => when(alert.at) },
        { title: 'State', cell: (alert) => h('span', { class: 'chip ' + alert.state.toLowerCase() }, stateWords(alert.state)) },
        { title: 'Note', cell: acknowledgement },
      ],
      rows: alerts,
    }),
    nextCursor ? h('button', { type: 'button', class: 'plain small', onclick: () => show(nextCursor) }, 'Older') : null);
  });
}

bindToAddress(filters, () => show());
show();
