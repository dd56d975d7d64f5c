/* How operations travel: queries and mutations by HTTP, subscriptions by WebSocket, both to this page's address. */

const PONG_MS = 5_000;
const KEEP_ALIVE_MS = 12_000;
const RETRY_MS_FIRST = 500;
const RETRY_MS_MOST = 10_000;
const CLOSED_FOR_GOOD = new Set([4401, 4403]);
const JSON_TYPES = "application/graphql-response+json, application/json;q=0.9";

export function createTransport({ endpoint, key, onLive }) {
  const client = createSocketClient({ endpoint, key, onLive });

  function live(payload) {
    return {
      subscribe(observer) {
        let open = true;
        const end = () => {
          if (open) onLive({ type: "ended" });
          open = false;
        };
        onLive({ type: "started" });
        const stop = client.subscribe(payload, {
          next(result) {
            onLive({ type: "received" });
            observer.next(result);
          },
          error(reason) {
            end();
            observer.error(explain(reason));
          },
          complete() {
            end();
            observer.complete();
          },
        });
        return {
          unsubscribe() {
            end();
            stop();
          },
        };
      },
    };
  }

  return {
    /* A fetcher as GraphiQL wants it. Each call of this gives a new one, which makes GraphiQL read the schema again. */
    fetcher() {
      return (payload, options) => {
        const asked = current(payload);
        return isSubscription(asked.query, asked.operationName)
          ? live(asked)
          : post(endpoint, asked, { ...authorized(key), ...options?.headers });
      };
    },
    query(query) {
      return post(endpoint, { query }, authorized(key));
    },
    /* Open subscriptions move to a connection that is authorized by the key held now. */
    reconnect() {
      client.terminate();
    },
  };
}

function createSocketClient({ endpoint, key, onLive }) {
  let pongDue;
  const client = window.graphqlWs.createClient({
    url: endpoint.replace(/^http/, "ws"),
    lazy: true,
    keepAlive: KEEP_ALIVE_MS,
    // A function: it is asked again for every connection, so a reconnect takes a changed key.
    connectionParams: () => (key.authorization === null ? {} : { authorization: key.authorization }),
    retryAttempts: Infinity,
    shouldRetry: (reason) => !CLOSED_FOR_GOOD.has(reason?.code),
    retryWait: (attempt) => {
      const longest = Math.min(RETRY_MS_MOST, RETRY_MS_FIRST * 2 ** attempt);
      // The first retry after a good connection is at once: mostly it is a new key or a restart.
      return new Promise((done) => setTimeout(done, attempt === 0 ? 0 : longest * (0.5 + Math.random() / 2)));
    },
    on: {
      connecting: () => onLive({ type: "connecting" }),
      connected: () => onLive({ type: "connected" }),
      closed: () => {
        clearTimeout(pongDue);
        onLive({ type: "closed" });
      },
      ping: (received) => {
        // A peer that has gone without a word is noticed only by a pong that does not come.
        if (!received) pongDue = setTimeout(() => client.terminate(), PONG_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pongDue);
      },
    },
  });
  return client;
}

/* Read from the text that is sent: what GraphiQL knows of the document lags behind a quick typist. */
function isSubscription(query, operationName) {
  const { parse, getOperationAST } = window.GraphiQL.GraphQL;
  try {
    return getOperationAST(parse(query), operationName)?.operation === "subscription";
  } catch {
    return false;
  }
}

/* The name of an operation that the text no longer holds is that of the document before it: a quick typist is ahead. */
function current(payload) {
  const { parse } = window.GraphiQL.GraphQL;
  try {
    const held = parse(payload.query).definitions.some((one) => one.name?.value === payload.operationName);
    return held ? payload : { ...payload, operationName: undefined };
  } catch {
    return payload;
  }
}

function authorized(key) {
  return key.authorization === null ? {} : { Authorization: key.authorization };
}

async function post(endpoint, payload, headers) {
  let response;
  try {
    response = await fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: JSON_TYPES, ...headers },
      body: JSON.stringify(payload),
    });
  } catch {
    return failure("The server cannot be reached.", "UNREACHABLE");
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return failure(`HTTP ${response.status} ${text.slice(0, 200)}`.trim(), "NOT_GRAPHQL");
  }
}

function failure(message, code) {
  return { errors: [{ message, extensions: { code } }] };
}

/* What GraphiQL shows when a subscription ends badly: GraphQL's own errors, or the reason of the closing. */
function explain(reason) {
  if (Array.isArray(reason)) return reason;
  if (typeof reason?.code === "number") {
    const words = reason.code === 1006 ? "the server cannot be reached" : reason.reason;
    return { message: `The WebSocket was closed: ${[reason.code, words].filter(Boolean).join(" ")}` };
  }
  return { message: reason?.message ?? "The WebSocket failed." };
}
