/* GraphiQL keeps its tabs under one name and its open editors under others, and writes them at different times. */

const KEPT = "graphiql:";

/*
 * After a reload between two of these writes, GraphiQL would put the text of one tab over another.
 * The list of tabs is taken as the truth: the editors are set to its active tab before GraphiQL starts.
 */
export function settleTabs() {
  const active = activeTab();
  for (const editor of ["query", "variables"]) {
    if (active?.[editor]) localStorage.setItem(KEPT + editor, active[editor]);
    else localStorage.removeItem(KEPT + editor);
  }
}

function activeTab() {
  try {
    const state = JSON.parse(localStorage.getItem(`${KEPT}tabState`));
    return state.tabs[state.activeTabIndex];
  } catch {
    return undefined; // nothing kept, or nothing that can be read: GraphiQL opens its first tabs
  }
}
