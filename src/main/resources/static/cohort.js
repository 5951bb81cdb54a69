// Which results are looked at: the same filters on several pages, kept in the address.
import { h, get, address } from './app.js';

export const METRICS = [
  ['dice', 'Dice'], ['nsd', 'NSD'], ['hd95', 'HD95'], ['masd', 'MASD'], ['hd', 'Hausdorff distance'], ['jaccard', 'Jaccard'],
  ['sensitivity', 'Sensitivity'], ['precision', 'Precision'], ['volume_difference_ml', 'Volume difference'],
  ['relative_volume_difference', 'Relative volume difference'], ['worst_slice_dice', 'Dice of the worst slice'],
];
const DIMENSIONS = ['model', 'version', 'site', 'scanner', 'structure'];

export const metricName = (metric) => METRICS.find(([name]) => name === metric)?.[1] ?? metric;

/** The inputs of the filters; what there is to choose from is read when one is entered. */
export function fields(form, { dimensions = DIMENSIONS, metric = true, times = true, more = [] } = {}) {
  const upper = (text) => text[0].toUpperCase() + text.slice(1);
  form.append(
    ...(metric ? [h('label', {}, 'Metric', h('select', { name: 'metric' }, METRICS.map(([name, title]) => h('option', { value: name }, title))))] : []),
    ...dimensions.map((name) => {
      const list = h('datalist', { id: 'known-' + name });
      const input = h('input', { name, list: list.id, autocomplete: 'off', maxlength: 200, placeholder: 'any', size: 12 });
      input.addEventListener('focus', () => known(name).then((values) => list.replaceChildren(...values.map((value) => h('option', { value })))), { once: true });
      return h('label', {}, upper(name), input, list);
    }),
    ...(times ? [h('label', {}, 'From', h('input', { type: 'date', name: 'from' })), h('label', {}, 'Before', h('input', { type: 'date', name: 'to' }))] : []),
    ...more,
    h('button', { type: 'reset', class: 'plain small', onclick: () => { location.assign(location.pathname); } }, 'All'));
}

/** The values of a dimension that results have. */
export async function known(dimension) {
  try {
    const { groups } = await get(address('/api/v1/aggregates', { metric: 'dice', groupBy: dimension, stat: 'min' }));
    return groups.map((group) => group.key[dimension]).filter((value) => value !== null && value !== undefined);
  } catch {
    return []; // the filter can be typed
  }
}

/** The filters as the service wants them: days become times. */
export function query(chosen, extra = {}) {
  const { metric = 'dice', from, to, ...rest } = chosen;
  const wanted = { metric, ...extra };
  for (const name of [...DIMENSIONS, 'batch', 'case']) if (rest[name]) wanted[name] = rest[name];
  if (from) wanted.from = from + 'T00:00:00Z';
  if (to) wanted.to = to + 'T00:00:00Z';
  return wanted;
}

export function structureName(name) {
  return name === '*' ? 'all together' : name ?? '–';
}

export function modelName({ model, version }) {
  return (model ?? 'no model') + (version ? ' ' + version : '');
}

export function parametersText(parameters) {
  const all = typeof parameters === 'string' ? JSON.parse(parameters) : parameters ?? {};
  return Object.entries(all).map(([name, value]) => (name === 'toleranceMm' ? value + ' mm' : name + ' ' + value)).join(', ');
}
