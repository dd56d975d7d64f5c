"""What the demo says to the person who watches: one short line for each thing that happens."""

from rich.console import Console


class Voice:
    """Speaks with the name of who speaks."""

    def __init__(self, who: str, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, markup=False, soft_wrap=True)
        self._who = who

    def say(self, line: str) -> None:
        """Print a line."""
        self.console.print(f"demo {self._who:<6} {line}")
