"""Compares pgps with nnU-Net itself: runs every check_*.py beside this file and prints one table.

A check is a module `check_TOPIC` with `run(context) -> list[Row]`. `context` has

    pgps    path of the program
    probe   path of conformance-probe, which prints values that no command shows
    work    an empty folder for the check's files
    data    folder of real data (see PGPS_TEST_DATA in launch/conformance), or None
    quick   True where fewer and smaller cases shall do

A check that cannot be made here (no data, or quick mode) returns None: it is left out, and standard error says so. A check
that ends in an exception is a red row with its text. Exit status 1 if one row is red.
"""
import argparse
import contextlib
import dataclasses
import importlib
import json
import os
import pathlib
import sys
import time
import traceback

folder = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(folder))

from rows import Row, format_table, print_table  # noqa: E402


@dataclasses.dataclass
class Context:
    """What a check is given."""

    pgps: pathlib.Path
    probe: pathlib.Path
    work: pathlib.Path
    data: pathlib.Path | None
    quick: bool


def main():
    topics = sorted(path.stem.removeprefix("check_") for path in folder.glob("check_*.py"))
    parser = argparse.ArgumentParser(description="Compares pgps with nnU-Net itself and prints a table.")
    parser.add_argument("--pgps", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--probe", type=pathlib.Path, required=True, help="conformance-probe")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for files of the checks")
    parser.add_argument("--data", type=pathlib.Path, help="folder of real data")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller cases")
    parser.add_argument("--only", nargs="+", metavar="TOPIC", choices=topics, default=topics,
                        help="of: " + " ".join(topics))
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE",
                        help="also writes the table there: Markdown if its name ends in .md, otherwise JSON")
    options = parser.parse_args()
    prepare_environment(options.work)

    rows = []
    for topic in options.only:
        work = options.work / topic
        work.mkdir(parents=True, exist_ok=True)
        context = Context(options.pgps.resolve(), options.probe.resolve(), work.resolve(),
                          options.data.resolve() if options.data else None, options.quick)
        start = time.monotonic()
        found = run_check(topic, context)
        if found is None:
            print(f"{topic}: left out; it needs --data, and no --quick", file=sys.stderr, flush=True)
            continue
        print(f"{topic}: {time.monotonic() - start:.0f} s, {sum(not row.ok for row in found)} of {len(found)} rows differ",
              file=sys.stderr, flush=True)
        rows += found

    print_table(rows)
    if options.table:
        write_table(options.table, rows)
    red = sum(not row.ok for row in rows)
    print(f"\n{len(rows) - red} of {len(rows)} rows agree with nnU-Net")
    sys.exit(1 if red or not rows else 0)


def prepare_environment(work):
    """One thread on both sides, and nnU-Net's three folders, which it asks for when it is imported."""
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        path = (work / name).resolve()
        path.mkdir(parents=True, exist_ok=True)
        os.environ[name] = str(path)


def run_check(topic, context):
    """The rows of a topic, or None where it is left out; one red row if it has none or ends in an exception."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # the table alone stands on standard output
            rows = importlib.import_module(f"check_{topic}").run(context)
    except Exception as error:
        traceback.print_exc()
        return [Row(topic, 0, f"{type(error).__name__}: {error}"[:200], "no exception", False)]
    return [Row(topic, 0, "no row", "a row", False)] if rows == [] else rows


def write_table(path, rows):
    if path.suffix == ".md":
        path.write_text(format_table(rows) + "\n")
    else:
        path.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=4, default=float) + "\n")


if __name__ == "__main__":
    main()
