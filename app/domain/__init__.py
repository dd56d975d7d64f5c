"""Pure rules and words: nothing here knows a database or a wire."""
