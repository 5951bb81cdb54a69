// What all pages share: the frame around them, requests, words for states, numbers, tables.

const PAGES = [
  ['/', 'Score'],
  ['/overview.html', 'Overview'],
  ['/explore.html', 'Explore'],
  ['/compare.html', 'Compare'],
  ['/charts.html', 'Charts'],
  ['/pairs.html', 'Pairs'],
  ['/alerts.html', 'Alerts'],
  ['/report.html', 'Report'],
  ['/api.html', 'API'],
];

/** A node. Text is always text: nothing that a file or a user wrote is ever parsed as markup. */
export function h(name, attributes, ...children) {
  const node = document.createElement(name);
  fill(node, attributes, children);
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A node of a picture. */
export function s(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  fill(node, attributes, children);
  return node;
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

export const byId = (id) => document.getElementById(id);

/** What the service refused, as it said it (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.title ?? 'The service did not answer as expected');
    this.status = status;
    this.body = body ?? {};
  }
}

/** Asks the service; with a session that has ended, the login page comes first. What changes something says that a page sends it. */
export async function request(path, options = {}) {
  const headers = new Headers(options.headers);
  if (options.method && options.method !== 'GET') headers.set('X-Segmeter-Page', '1');
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, credentials: 'same-origin' });
  } catch (failure) {
    if (failure.name === 'AbortError') throw failure;
    throw new Problem(0, { title: 'The service cannot be reached', detail: 'It may be restarting; try again in a moment.' });
  }
  if (answer.status === 401) toLogin();
  if (!answer.ok) {
    const body = (answer.headers.get('Content-Type') ?? '').includes('json') ? await answer.json() : null;
    throw new Problem(answer.status, body ?? { title: 'The service answered ' + answer.status });
  }
  return answer;
}

export function toLogin() {
  const back = location.pathname + location.search;
  if (!location.pathname.startsWith('/login')) location.assign('/login.html?next=' + encodeURIComponent(back));
}

export async function get(path, options) {
  return (await request(path, options)).json();
}

export async function send(method, path, body) {
  const answer = await request(path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
  return answer.status === 204 ? null : answer.json();
}

/** An address with the parameters that are set. */
export function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, value);
  }
  const text = query.toString();
  return text ? path + '?' + text : path;
}

/** Header, navigation and theme switch, on every page alike. */
export function frame() {
  const here = location.pathname === '/index.html' ? '/' : location.pathname;
  const links = PAGES.map(([path, title]) => h('a', { href: path, 'aria-current': path === here ? 'page' : null }, title));
  const theme = h('button', { type: 'button', class: 'theme', onclick: () => switchTheme(theme) });
  nameTheme(theme);
  const out = h('button', { type: 'button', class: 'theme', hidden: true, onclick: logOut }, 'Log out');
  offerIfLoggedIn(out);
  document.body.prepend(
    h('a', { class: 'skip', href: '#main' }, 'To the content'),
    h('header', {}, h('div', { class: 'inner' },
      h('a', { class: 'brand', href: '/' }, h('span', { class: 'mark', 'aria-hidden': 'true' }), 'Segmeter'),
      h('nav', { 'aria-label': 'Pages' }, links),
      out, theme)),
  );
}

async function offerIfLoggedIn(button) {
  try {
    const answer = await fetch('/api/v1/session');
    button.hidden = !answer.ok || (await answer.json()).by !== 'session';
  } catch {
    // The page itself says that the service cannot be reached.
  }
}

async function logOut() {
  await request('/api/v1/session', { method: 'DELETE' });
  location.assign('/login.html');
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function nameTheme(button) {
  button.textContent = isDark() ? 'Light' : 'Dark';
  button.setAttribute('aria-label', isDark() ? 'Use light colours' : 'Use dark colours');
}

function switchTheme(button) {
  const theme = isDark() ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem('segmeter-theme', theme);
  } catch {
    // Kept for this page only.
  }
  nameTheme(button);
  document.dispatchEvent(new Event('themechange'));
}

/** Says in a place that something is on its way, and what came of it: content, words for nothing, or a problem. */
export async function load(place, work, { waiting = 'Reading…' } = {}) {
  place.setAttribute('aria-busy', 'true');
  if (!place.hasChildNodes()) place.replaceChildren(h('p', { class: 'quiet' }, waiting));
  try {
    const content = await work();
    if (content !== undefined) place.replaceChildren(...[content].flat());
  } catch (failure) {
    if (failure.name === 'AbortError') return;
    place.replaceChildren(problemCard(failure));
    if (!(failure instanceof Problem)) throw failure;
  } finally {
    place.removeAttribute('aria-busy');
  }
}

export function empty(...words) {
  return h('p', { class: 'quiet' }, ...words);
}

/** A problem in its own words, with its numbers and advice. */
export function problemCard(failure) {
  const body = failure instanceof Problem ? failure.body : { title: 'This page failed', detail: String(failure.message ?? failure) };
  const numbers = Object.entries(body).filter(([name]) => !['type', 'title', 'detail', 'status', 'instance'].includes(name));
  const advice = h('p', { class: 'hint' });
  if (body.type?.startsWith('/problems/')) {
    get(body.type).then((kind) => { advice.textContent = kind.advice ?? ''; }, () => {});
  }
  return h('section', { class: 'card problem', role: 'alert' },
    h('h2', {}, body.title ?? 'The service did not answer as expected'),
    body.detail ? h('p', {}, body.detail) : null,
    numbers.length ? h('dl', {}, numbers.map(([name, value]) =>
      [h('dt', {}, words(name)), h('dd', {}, typeof value === 'object' ? JSON.stringify(value) : String(value))])) : null,
    advice);
}

export function words(name) {
  return name.replaceAll('_', ' ').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

/** A number as people read it: four decimals, more only where it would vanish. */
export function number(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e6) ? value.toExponential(3) : value.toFixed(digits);
}

export function quantity(value, unit, digits) {
  return number(value, digits) + (!unit || unit === '1' ? '' : ' ' + unit);
}

export function stateWords(state) {
  return String(state).toLowerCase().replaceAll('_', ' ');
}

export function when(text) {
  if (!text) return '–';
  const at = new Date(text);
  return h('time', { datetime: text, title: text },
    at.toLocaleString('en-GB', { year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit' }));
}

/** A table; columns are {title, cell(row), sort(row), number}. With sort, headers are buttons. */
export function table({ caption, columns, rows, sorted, onsort, onrow }) {
  const head = columns.map((column) => {
    const isSorted = sorted && sorted.key === column.key;
    const th = h('th', {
      scope: 'col',
      class: column.number ? 'number' : null,
      'aria-sort': isSorted ? (sorted.descending ? 'descending' : 'ascending') : null,
    });
    if (onsort && column.key) {
      th.append(h('button', { type: 'button', class: 'sort', onclick: () => onsort(column.key) },
        column.title, h('span', { 'aria-hidden': 'true' }, isSorted ? (sorted.descending ? ' ▼' : ' ▲') : '')));
    } else th.append(column.title);
    return th;
  });
  const body = rows.map((row, at) => {
    const cells = columns.map((column, i) => {
      const content = column.cell(row, at);
      return i === 0
        ? h('th', { scope: 'row', class: column.number ? 'number' : null }, content ?? '')
        : h('td', { class: column.number ? 'number' : null }, content ?? '');
    });
    return h('tr', onrow ? onrow(row, at) : {}, cells);
  });
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, head)), h('tbody', {}, body)));
}

/** Comma separated values; what a spreadsheet could take for a formula is made a text (CWE-1236). */
export function csv(columns, rows) {
  const field = (value) => {
    if (value === null || value === undefined) return '';
    let text = String(value);
    if (typeof value !== 'number' && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  return [columns, ...rows].map((row) => row.map(field).join(',')).join('\r\n') + '\r\n';
}

export function download(name, text, type = 'text/csv') {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Keeps a form and the address of the page the same, so that a view can be sent to somebody. */
export function bindToAddress(form, onchange) {
  const fields = [...form.elements].filter((field) => field.name);
  const fromAddress = () => {
    const query = new URLSearchParams(location.search);
    for (const field of fields) {
      const value = query.get(field.name);
      if (value === null) continue;
      if (field instanceof HTMLSelectElement && ![...field.options].some((option) => option.value === value)) {
        field.append(h('option', { value }, value));
      }
      field.value = value;
    }
  };
  fromAddress();
  const changed = () => {
    const query = new URLSearchParams(location.search);
    for (const field of fields) {
      if (field.value) query.set(field.name, field.value);
      else query.delete(field.name);
    }
    history.replaceState(null, '', address(location.pathname, Object.fromEntries(query)));
    onchange();
  };
  form.addEventListener('change', changed);
  form.addEventListener('submit', (event) => { event.preventDefault(); changed(); });
}

export function filled(form) {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''));
}
