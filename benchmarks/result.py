"""What a benchmark is asked for and what it gives back: frozen data, and its forms in text.

Owns the words and the layout of a table, in a terminal and in RESULTS.md. Runs nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

Cell = str | int | float | None


class BenchmarkError(RuntimeError):
    """A benchmark can't run here, or what it measures did not work; the message says which."""


@dataclass(frozen=True, slots=True)
class Options:
    """What every benchmark is asked for.

    Attributes:
        quick: Small sizes and few repeats: to see that it runs, not for figures.
        seed: Of everything drawn at random.
        progress: Takes one line for each step.
    """

    quick: bool = False
    seed: int = 1
    progress: Callable[[str], None] = lambda _line: None


@dataclass(frozen=True, slots=True)
class Part:
    """One table: a title, column names with their units, and rows of as many cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: {len(row)} cells for {len(self.columns)} columns")


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark measured; `notes` is what a reader has to know beside the figures."""

    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()


def text(cell: Cell) -> str:
    """A cell as a person reads it: three digits that count, thousands apart."""
    if cell is None:
        return "-"
    if isinstance(cell, float):
        if cell == 0:
            return "0"
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:#.3g}".rstrip(".")
    return f"{cell:,}" if isinstance(cell, int) else cell


def to_table(part: Part) -> Table:
    """For a terminal."""
    table = Table(title=part.title, title_justify="left")
    for number, column in enumerate(part.columns):
        table.add_column(column, justify="right" if number else "left")
    for row in part.rows:
        table.add_row(*map(text, row))
    return table


def to_markdown(result: Result) -> Iterator[str]:
    """The lines of a result for RESULTS.md."""
    for part in result.parts:
        yield from ("", f"**{part.title}**", "")
        yield _line(part.columns)
        yield _line(["---", *["---:"] * (len(part.columns) - 1)])
        yield from (_line([text(cell) for cell in row]) for row in part.rows)
    if result.notes:
        yield ""
        yield from (f"- {note}" for note in result.notes)


def to_document(result: Result) -> dict[str, Any]:
    """For JSON."""
    return asdict(result)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
