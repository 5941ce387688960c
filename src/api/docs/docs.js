// The page's own renderer: no library, nothing from elsewhere. Text is always set as text.
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const MAX_DEPTH = 6;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text with `code` in backticks. */
function prose(text, name = 'p') {
  const parts = (text ?? '').split(/`([^`]+)`/);
  return element(
    name,
    {},
    ...parts.map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part)),
  );
}

function resolve(spec, schema) {
  const name = schema?.$ref?.replace('#/components/schemas/', '');
  return name === undefined ? schema : { ...spec.components.schemas[name], $name: name };
}

function typeOf(spec, given) {
  const schema = resolve(spec, given) ?? {};
  if (schema.$name !== undefined) return schema.$name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  const branches = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (branches !== undefined) return branches.map((one) => typeOf(spec, one)).join(' | ');
  if (schema.type === 'array') return `${typeOf(spec, schema.items)}[]`;
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any');
  return schema.format === undefined ? type : `${type} (${schema.format})`;
}

function fieldsOf(spec, given, depth = 0, seen = []) {
  const schema = resolve(spec, given) ?? {};
  if (depth > MAX_DEPTH || seen.includes(schema.$name)) return null;
  const path = schema.$name === undefined ? seen : [...seen, schema.$name];
  if (schema.type === 'array') return fieldsOf(spec, schema.items, depth, path);
  const branches = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (branches !== undefined) {
    const lists = branches.map((one) => fieldsOf(spec, one, depth, path)).filter(Boolean);
    return lists.length === 0 ? null : element('div', {}, ...lists);
  }
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) return null;
  const list = element('ul', { className: 'fields' });
  for (const [name, field] of entries) {
    const required = schema.required?.includes(name) ?? false;
    const description = resolve(spec, field)?.description;
    list.append(
      element(
        'li',
        {},
        element('code', {}, required ? name : `${name}?`),
        ' ',
        element('span', { className: 'quiet' }, typeOf(spec, field)),
        description === undefined ? null : prose(` ${description}`, 'span'),
        fieldsOf(spec, field, depth + 1, path),
      ),
    );
  }
  return list;
}

function exampleOf(spec, given, depth = 0) {
  const schema = resolve(spec, given) ?? {};
  if (schema.example !== undefined) return schema.example;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [branch] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (branch !== undefined) return exampleOf(spec, branch, depth);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'array') return depth > 3 ? [] : [exampleOf(spec, schema.items, depth + 1)];
  if (type === 'object') {
    const needed = Object.entries(schema.properties ?? {}).filter(([name]) =>
      schema.required?.includes(name),
    );
    return Object.fromEntries(
      needed.map(([name, field]) => [name, exampleOf(spec, field, depth + 1)]),
    );
  }
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1;
  if (type === 'boolean') return true;
  return schema.format === 'date-time' ? '2026-03-02T08:00:00Z' : 'text';
}

function curlOf(spec, { path, method, operation }) {
  const filled = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'path')
    .reduce((text, { name, schema }) => text.replace(`{${name}}`, schema.example ?? name), path);
  const lines = [`curl -X ${method.toUpperCase()} ${location.origin}${filled}`];
  const needsKey = (operation.security ?? spec.security).some((one) => one.apiKey !== undefined);
  if (needsKey) lines.push(`-H "Authorization: Bearer $BATON_KEY"`);
  const json = operation.requestBody?.content?.['application/json'];
  if (json !== undefined) {
    const example = json.example ?? exampleOf(spec, json.schema);
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(`-d '${JSON.stringify(example).replaceAll("'", "'\\''")}'`);
  }
  return lines.join(' \\\n  ');
}

function parametersOf(spec, operation) {
  const parameters = operation.parameters ?? [];
  if (parameters.length === 0) return null;
  const rows = parameters.map(({ name, in: place, required, schema, description }) =>
    element(
      'tr',
      {},
      element('td', {}, element('code', {}, name)),
      element('td', { className: 'quiet' }, `${place}${required ? '' : ', optional'}`),
      element('td', { className: 'quiet' }, typeOf(spec, schema)),
      prose(description ?? schema?.description, 'td'),
    ),
  );
  return element('div', {}, element('h4', {}, 'Parameters'), element('table', {}, ...rows));
}

function bodyOf(spec, operation) {
  const content = Object.entries(operation.requestBody?.content ?? {});
  if (content.length === 0) return null;
  return element(
    'div',
    {},
    element('h4', {}, 'Body'),
    ...content.flatMap(([mediaType, { schema }]) => [
      element('p', { className: 'quiet' }, `${mediaType}: ${typeOf(spec, schema)}`),
      fieldsOf(spec, schema) ?? '',
    ]),
  );
}

function responsesOf(spec, operation) {
  const rows = Object.entries(operation.responses).map(([status, { description, content }]) => {
    const [schema] = Object.values(content ?? {}).map((one) => one.schema);
    const isProblem = content?.['application/problem+json'] !== undefined;
    const cell = prose(description, 'td');
    if (schema !== undefined && !isProblem) {
      cell.append(' ', element('span', { className: 'quiet' }, typeOf(spec, schema)));
      const fields = fieldsOf(spec, schema);
      if (fields !== null) {
        cell.append(element('details', {}, element('summary', {}, 'fields'), fields));
      }
    }
    return element('tr', {}, element('td', {}, element('code', {}, status)), cell);
  });
  return element('div', {}, element('h4', {}, 'Answers'), element('table', {}, ...rows));
}

function operationView(spec, one) {
  const { path, method, operation } = one;
  return element(
    'section',
    { className: 'operation', id: operation.operationId },
    element(
      'h3',
      {},
      element('span', { className: 'method' }, method.toUpperCase()),
      ' ',
      element('code', {}, path),
    ),
    prose(operation.summary),
    operation.description === undefined ? null : prose(operation.description),
    parametersOf(spec, operation),
    bodyOf(spec, operation),
    responsesOf(spec, operation),
    element('h4', {}, 'Example'),
    element('pre', {}, curlOf(spec, one)),
  );
}

function problemsView(spec) {
  const rows = spec['x-problems'].map(({ code, status, title }) =>
    element(
      'tr',
      { id: `error-${code}` },
      element('td', {}, element('code', {}, code)),
      element('td', {}, String(status)),
      element('td', {}, title),
    ),
  );
  return element(
    'section',
    {},
    element('h2', { id: 'errors' }, 'Errors'),
    prose('Every error is `application/problem+json` with one of these codes.'),
    element('table', {}, ...rows),
  );
}

function operationsOf(spec) {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) =>
      item[method] === undefined ? [] : [{ path, method, operation: item[method] }],
    ),
  );
}

function render(spec) {
  const content = document.getElementById('content');
  const nav = document.getElementById('nav');
  content.replaceChildren(...spec.info.description.split('\n\n').map((text) => prose(text)));
  const searchable = [];
  for (const { name, description } of spec.tags) {
    const operations = operationsOf(spec).filter(({ operation }) => operation.tags?.includes(name));
    if (operations.length === 0) continue;
    const list = element('ul');
    content.append(element('h2', {}, name), prose(description));
    nav.append(element('strong', {}, name), list);
    for (const one of operations) {
      const { path, method, operation } = one;
      const link = element(
        'a',
        { href: `#${operation.operationId}`, title: operation.summary },
        `${method.toUpperCase()} ${path.replace('/v1', '')}`,
      );
      const entry = element('li', {}, link);
      const section = operationView(spec, one);
      list.append(entry);
      content.append(section);
      const words = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
      searchable.push({ words, parts: [entry, section] });
    }
  }
  content.append(problemsView(spec));
  nav.append(element('a', { href: '#errors' }, 'Errors'));
  document.getElementById('find').addEventListener('input', ({ target }) => {
    const wanted = target.value.trim().toLowerCase();
    for (const { words, parts } of searchable) {
      for (const part of parts) part.hidden = !words.includes(wanted);
    }
  });
  if (location.hash !== '') document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

fetch('/openapi.json')
  .then((response) => response.json())
  .then(render)
  .catch((error) => {
    const message = `The OpenAPI document could not be read: ${error.message}`;
    document.getElementById('content').replaceChildren(element('p', {}, message));
  });
