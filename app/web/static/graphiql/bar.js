/* The bar above GraphiQL: who the key belongs to, the key itself, and what is live. */

const RECHECK_MS = 5_000;
const VIEWER = "{ viewer { user { email } } }";
const part = (id) => document.getElementById(id);

export function createBar({ key, transport }) {
  let asked = 0;
  let recheck;
  let changing = false;

  async function check() {
    const mine = ++asked;
    clearTimeout(recheck);
    const result = await transport.query(VIEWER);
    if (mine !== asked) return; // a later question overtook this one
    const [state, text] = judge(result, key.value);
    part("status").dataset.state = state;
    part("status-text").textContent = text;
    part("status").title = text;
    if (state === "unreachable") recheck = setTimeout(check, RECHECK_MS);
    showKey();
  }

  function showKey() {
    const held = key.value !== null;
    part("key-form").hidden = held && !changing;
    part("key-held").hidden = !held || changing;
    part("key-cancel").hidden = !held;
    part("key-hint").textContent = held ? hint(key.value) : "";
  }

  function change(open) {
    changing = open;
    part("key-input").value = "";
    showKey();
    if (open) part("key-input").focus();
  }

  part("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const value = part("key-input").value.trim();
    if (value === "") return;
    change(false);
    key.use(value);
  });
  part("key-change").addEventListener("click", () => change(true));
  part("key-cancel").addEventListener("click", () => change(false));
  part("key-forget").addEventListener("click", () => key.forget());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") check();
  });
  key.watch(check);
  showKey();
  check();
}

/* Counts what arrives by WebSocket, so that a subscription is seen to live between two events as well. */
export function createLiveBadge() {
  let open = 0;
  let received = 0;
  let connected = false;
  const changes = {
    started() {
      if (open === 0) received = 0;
      open += 1;
    },
    ended() {
      open -= 1;
    },
    received() {
      received += 1;
    },
    connecting() {
      connected = false;
    },
    connected() {
      connected = true;
    },
    closed() {
      connected = false;
    },
  };
  return ({ type }) => {
    changes[type]();
    const badge = part("live");
    badge.hidden = open === 0;
    badge.dataset.state = connected ? "connected" : "connecting";
    badge.dataset.received = String(received);
    badge.textContent = connected ? `Live · ${received} received` : "Connecting …";
  };
}

function judge(result, held) {
  const email = result.data?.viewer?.user?.email;
  const error = result.errors?.[0];
  if (email) return ["connected", email];
  if (error?.extensions?.code === "UNREACHABLE") return ["unreachable", "Server not reachable"];
  if (!error && result.data?.viewer) return ["connected", "Connected"];
  if (held === null) return ["anonymous", "Not authenticated"];
  return ["refused", error ? `Key not accepted: ${error.message}` : "Key not accepted"];
}

function hint(value) {
  return value.length > 12 ? `${value.slice(0, 8)}…` : "••••••";
}
