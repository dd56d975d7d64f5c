// Clients that name documents by their hashes: prints what each got, and what it sent for it.
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';

const [url, key] = process.argv.slice(2);
const headers = { authorization: `Bearer ${key}` };
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

// A fetch that notes the method of each request, and whether it held the document.
function noting(sent) {
  return (to, init = {}) => {
    const parameters = new URL(to).searchParams;
    const document = init.body ? JSON.parse(init.body).query : parameters.get('query');
    sent.push([init.method ?? 'GET', Boolean(document)]);
    return fetch(to, init);
  };
}

async function apollo() {
  const sent = [];
  const link = ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true }),
    new HttpLink({ uri: url, headers, fetch: noting(sent) }),
  ]);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const query = gql`query ByApollo { viewer { user { email } } }`;
  const got = [];
  for (let at = 0; at < 2; at += 1) {
    const { data, error } = await client.query({ query, fetchPolicy: 'no-cache' });
    got.push(error ? String(error) : data.viewer.user.email);
  }
  return { got, sent };
}

async function urql() {
  const sent = [];
  const client = new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    fetch: noting(sent),
    exchanges: [
      persistedExchange({ preferGetForPersistedQueries: true, generateHash: async (query) => sha256(query) }),
      fetchExchange,
    ],
  });
  const got = [];
  for (let at = 0; at < 2; at += 1) {
    const { data, error } = await client.query('query ByUrql { viewer { user { email } } }', {}).toPromise();
    got.push(error ? String(error) : data.viewer.user.email);
  }
  return { got, sent };
}

process.stdout.write(JSON.stringify({ apollo: await apollo(), urql: await urql() }));
