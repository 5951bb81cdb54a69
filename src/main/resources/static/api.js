// Shows openapi.json: operations by tag, their parameters, bodies and answers; schemas as they are.
import { frame } from './app.js';

frame();
const api = await (await fetch('/openapi.json')).json();

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

/** What stands between back quotes is code; lines that are broken within a sentence are not. */
function prose(name, text, className) {
  const node = element(name, undefined, className);
  (text ?? '').replace(/([^\n])\n(?=[^\n\s\-*|\d])/g, '$1 ').split('`').forEach((part, i) => node.append(i % 2 ? element('code', part) : part));
  return node;
}

function resolve(node) {
  if (!node?.$ref) return node;
  return node.$ref.slice(2).split('/').reduce((at, key) => at[key], api);
}

function typeOf(schema) {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.enum) return schema.enum.join(' | ');
  const one = schema.anyOf ? schema.anyOf.map(typeOf).join(' or ') : [schema.type].flat().join(' | ');
  return schema.type === 'array' && schema.items ? 'list of ' + typeOf(schema.items) : one;
}

function table(columns, rows) {
  const node = element('table');
  const head = element('tr');
  head.append(...columns.map((column) => {
    const th = element('th', column);
    th.scope = 'col';
    return th;
  }));
  node.append(head);
  for (const cells of rows) {
    const row = element('tr');
    row.append(...cells.map((cell) => prose('td', cell)));
    node.append(row);
  }
  return node;
}

function operation(verb, path, shared, op) {
  const box = element('div', undefined, 'operation');
  box.id = op.operationId;
  const title = element('h3');
  title.append(element('span', verb.toUpperCase(), 'verb'), element('code', path));
  box.append(title, element('p', op.summary));
  if (op.description) box.append(prose('p', op.description, 'hint'));
  const parameters = [...shared, ...(op.parameters ?? [])].map(resolve);
  if (parameters.length) {
    box.append(table(['Parameter', 'In', 'Type', 'Meaning'],
      parameters.map((p) => [p.name, p.in, typeOf(p.schema), p.description])));
  }
  for (const [type, body] of Object.entries(op.requestBody?.content ?? {})) {
    const schema = resolve(body.schema);
    box.append(element('p', 'Body: ' + type));
    box.append(table(['Part or member', 'Type', 'Meaning'],
      Object.entries(schema.properties ?? {}).map(([name, s]) => [
        name + (schema.required?.includes(name) ? ' (required)' : ''), typeOf(s), resolve(s).description])));
  }
  box.append(table(['Status', 'Type', 'Meaning'], Object.entries(op.responses).map(([status, answer]) => {
    const known = resolve(answer);
    const [type, body] = Object.entries(known.content ?? {})[0] ?? ['', {}];
    return [status, type ? type + ', ' + typeOf(body.schema) : '', known.description];
  })));
  return box;
}

document.getElementById('description').textContent = api.info.summary + ' Version ' + api.info.version + '.';
for (const tag of api.tags) {
  const section = element('section', undefined, 'card');
  section.append(element('h2', tag.name), prose('p', tag.description, 'hint'));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [verb, op] of Object.entries(item)) {
      if (op.tags?.includes(tag.name)) section.append(operation(verb, path, item.parameters ?? [], op));
    }
  }
  document.getElementById('operations').append(section);
}
for (const [name, schema] of Object.entries(api.components.schemas)) {
  const details = element('details');
  const code = element('pre');
  code.tabIndex = 0;
  code.append(element('code', JSON.stringify(schema, null, 2)));
  details.append(element('summary', name), code);
  document.getElementById('schemas').append(details);
}
