// Exchanges a key for a session; the key is kept nowhere.
import { byId, h, when } from './app.js';

const own = { 'X-Segmeter-Page': '1' };

const known = await fetch('/api/v1/session');
if (known.ok) {
  const caller = await known.json();
  byId('status').textContent = 'You are logged in: ' + caller.roles.join(', ') + ' in ' + caller.tenant + '.';
  byId('out').hidden = caller.by !== 'session';
  await showSessions();
}

byId('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const answer = await fetch('/api/v1/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...own },
    body: JSON.stringify({ key: byId('key').value.trim() }),
  });
  if (answer.ok) {
    // Back to where the session had ended; a page of this service, whatever the address says.
    const next = new URLSearchParams(location.search).get('next') ?? '/';
    const back = new URL(next, location.origin);
    location.assign(back.origin === location.origin ? back.pathname + back.search : '/');
  } else {
    byId('status').textContent = answer.status === 401 ? 'This key is not known, or not valid any more.' : 'The service does not answer as it should.';
  }
});

byId('out').addEventListener('click', async () => {
  await fetch('/api/v1/session', { method: 'DELETE', headers: own });
  location.reload();
});

/** Sessions of the same key, or of the tenant for who administers it; each but this one can be ended. */
async function showSessions() {
  const answer = await fetch('/api/v1/sessions');
  if (!answer.ok) return;
  const { sessions } = await answer.json();
  byId('sessions').hidden = sessions.length === 0;
  byId('others').disabled = sessions.every((one) => one.current);
  byId('open').replaceChildren(...sessions.map((one) => h('tr', {},
    h('td', {}, one.browser), h('td', {}, when(one.createdAt)), h('td', {}, when(one.lastUsedAt)), h('td', {}, when(one.expiresAt)),
    h('td', {}, one.current ? 'this one'
      : h('button', { type: 'button', class: 'plain', onclick: () => end('/api/v1/sessions/' + one.id) }, 'End')))));
}

async function end(path) {
  const answer = await fetch(path, { method: 'DELETE', headers: own });
  if (!answer.ok && answer.status !== 404) byId('status').textContent = 'The service does not answer as it should.';
  await showSessions();
}

byId('others').addEventListener('click', () => end('/api/v1/sessions'));
