"""One row per comparison with nnU-Net, and the table of all rows."""
import dataclasses
import functools


@dataclasses.dataclass
class Row:
    """What was compared, on how many cases, the largest difference found, its limit, and whether it holds.

    `largest` and `limit` are numbers, or words where a comparison has none ("equal", an exception's text). A difference
    that is not a number never holds.
    """

    what: str
    cases: int
    largest: float | str
    limit: float | str
    ok: bool

    def __post_init__(self):
        self.ok = bool(self.ok) and self.largest == self.largest


def larger(a, b):
    """The larger difference. One that is not a number is the largest of all; `max` would lose it."""
    return a if a != a or b <= a else b


def largest_of(differences):
    """The largest difference by `larger`."""
    return functools.reduce(larger, differences)


def print_table(rows):
    """Prints the rows as a Markdown table."""
    print(format_table(rows))


def format_table(rows):
    """The rows as a Markdown table whose columns are aligned."""
    table = [("compared", "cases", "largest difference", "limit", "verdict")]
    table += [(row.what, str(row.cases), _cell(row.largest), _cell(row.limit), "equal" if row.ok else "DIFFERS")
              for row in rows]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in table]
    return "\n".join(lines[:1] + ["|" + "|".join("-" * (width + 2) for width in widths) + "|"] + lines[1:])


def _cell(value):
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "/").split())
