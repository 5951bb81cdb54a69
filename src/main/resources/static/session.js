// Before every other script of a page: what changes something says that a page of the service sends it, and who is not logged in is
// led to the login.
const fetched = window.fetch.bind(window);
const safe = ['GET', 'HEAD'];

window.fetch = async (resource, options = {}) => {
  const headers = new Headers(options.headers);
  if (!safe.includes((options.method ?? 'GET').toUpperCase())) headers.set('X-Segmeter-Page', '1');
  const answer = await fetched(resource, { ...options, headers });
  if (answer.status === 401) location.assign('/login.html');
  return answer;
};

const opened = XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open = function open(method, ...rest) {
  opened.call(this, method, ...rest);
  if (!safe.includes(method.toUpperCase())) this.setRequestHeader('X-Segmeter-Page', '1');
  this.addEventListener('load', () => {
    if (this.status === 401) location.assign('/login.html');
  });
};
