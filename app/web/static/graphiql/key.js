/* The API key this browser holds: pasted in the bar or handed over in the address as #key=… */

const STORED_AS = "taskloom.key";

export function createKey() {
  const watchers = new Set();
  const tell = () => watchers.forEach((watcher) => watcher());

  takeFromAddress();
  // Another tab of this browser may change the key, and a link with #key= may be opened in this tab.
  window.addEventListener("storage", (event) => {
    if (event.key === STORED_AS || event.key === null) tell();
  });
  window.addEventListener("hashchange", () => {
    if (takeFromAddress()) tell();
  });

  return {
    get value() {
      return localStorage.getItem(STORED_AS);
    },
    use(value) {
      localStorage.setItem(STORED_AS, value);
      tell();
    },
    forget() {
      localStorage.removeItem(STORED_AS);
      tell();
    },
    watch(watcher) {
      watchers.add(watcher);
    },
    /* The same words on both transports: an HTTP header, or a member of the connection_init payload. */
    get authorization() {
      return this.value === null ? null : `Bearer ${this.value}`;
    },
  };
}

/* Keeps the key of the fragment and removes it from the address bar and the history. */
function takeFromAddress() {
  const given = new URLSearchParams(window.location.hash.slice(1)).get("key");
  if (given === null) return false;
  history.replaceState(null, "", window.location.pathname + window.location.search);
  const key = given.trim();
  if (key !== "") localStorage.setItem(STORED_AS, key);
  return key !== "";
}
