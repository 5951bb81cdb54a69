// Exchanges a key for a session; the key is kept nowhere.
const byId = (id) => document.getElementById(id);
const own = { 'X-Segmeter-Page': '1' };

const known = await fetch('/api/v1/session');
if (known.ok) {
  const caller = await known.json();
  byId('status').textContent = 'You are logged in: ' + caller.roles.join(', ') + ' in ' + caller.tenant + '.';
  byId('out').hidden = caller.by !== 'session';
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
