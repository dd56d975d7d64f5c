// The audits of graphql-http against a server: prints [{id, name, status, reason}].
import { auditServer } from 'graphql-http';

const [url, key] = process.argv.slice(2);
const authorized = (to, init = {}) =>
  fetch(to, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });

const results = await auditServer({ url, fetchFn: authorized });
const told = results.map(({ id, name, status, reason }) => ({ id, name, status, reason: reason ?? null }));
process.stdout.write(JSON.stringify(told));
