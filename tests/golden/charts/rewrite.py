"""Rewrites the golden options: `python -m tests.golden.charts.rewrite`, then review the difference."""

from tests.golden.charts.cases import CASES, FOLDER, path_of, printed_option


def main() -> None:
    """Writes one file a case and removes files without a case."""
    for stale in set(FOLDER.glob("*.json")) - {path_of(name) for name in CASES}:
        stale.unlink()
    for name in CASES:
        path_of(name).write_text(printed_option(name), encoding="utf-8")


if __name__ == "__main__":
    main()
