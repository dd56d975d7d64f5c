/* Starts GraphiQL on the address this page came from. */

import { createBar, createLiveBadge } from "./bar.js";
import { createKey } from "./key.js";
import { settleTabs } from "./tabs.js";
import { createTransport } from "./transport.js";

const { React, ReactDOM, GraphiQL, GraphiQLPluginExplorer } = window;
const { tabs, styleNonce } = JSON.parse(document.getElementById("page-data").textContent);
// The dialogs' scroll lock writes a style element; this is the name under which it looks for its nonce.
window.__webpack_nonce__ = styleNonce;

const key = createKey();
const transport = createTransport({
  endpoint: window.location.origin + window.location.pathname,
  key,
  onLive: createLiveBadge(),
});
const explorer = GraphiQLPluginExplorer.explorerPlugin();

function App() {
  const [fetcher, setFetcher] = React.useState(() => transport.fetcher());
  React.useEffect(() => {
    key.watch(() => {
      transport.reconnect();
      setFetcher(() => transport.fetcher());
    });
  }, []);
  return React.createElement(
    GraphiQL,
    {
      fetcher,
      defaultTabs: tabs,
      plugins: [explorer],
      defaultEditorToolsVisibility: "variables",
      showPersistHeadersSettings: false,
      shouldPersistHeaders: false,
      // The theme switch would leave the bar behind; both follow the system instead.
      forcedTheme: "system",
    },
    React.createElement(GraphiQL.Logo, null, " "),
  );
}

settleTabs();
ReactDOM.createRoot(document.getElementById("graphiql")).render(React.createElement(App));
createBar({ key, transport });
