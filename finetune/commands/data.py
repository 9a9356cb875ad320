"""`python -m finetune data`: training conversations from recipes.

Run as:
    python -m finetune data index/cookbook --out data/training
    python -m finetune data recipes.jsonl book.pdf --out data/training --per-recipe 3 --share refusals=0.1

Sources are whatever the index reads. OUT gets train.* and dev.* in every format, the held-out recipes and
report.json. docs/finetune.md tells what the conversations are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from core.errors import SettingsError
from finetune.commands.remarks import note
from finetune.data.build import REPORT_NAME, build_data
from finetune.data.formats import FORMATS
from finetune.data.plan import DEFAULT_SHARES, DataPlan, read_plan
from finetune.data.report import tables_of
from index.progress import BuildProgressBar

HELP = "training conversations from recipes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    plan = DataPlan()
    parser.add_argument(
        "sources", type=Path, nargs="+", help="recipes: files or folders that the index reads"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="settings as TOML; see docs/finetune.md")
    parser.add_argument("--seed", type=int, help=f"of every choice; default {plan.seed}")
    parser.add_argument(
        "--dev-share", type=float, metavar="SHARE", help=f"of the dishes held out; default {plan.dev_share}"
    )
    parser.add_argument(
        "--per-recipe",
        type=float,
        dest="conversations_per_recipe",
        metavar="N",
        help=f"conversations, on average; default {plan.conversations_per_recipe:g}",
    )
    parser.add_argument(
        "--per-dish",
        type=int,
        dest="recipes_per_dish",
        metavar="N",
        help=f"recipes at most, the most complete first; default {plan.recipes_per_dish}",
    )
    parser.add_argument(
        "--share",
        action="append",
        default=[],
        metavar="KIND=NUMBER",
        help=f"may be repeated; {', '.join(f'{kind}={share}' for kind, share in DEFAULT_SHARES.items())}",
    )
    parser.add_argument(
        "--system", metavar="TEXT", help="system message for all but RAG form; default: the bot's own rules"
    )
    parser.add_argument(
        "--format", nargs="+", choices=tuple(FORMATS), default=tuple(FORMATS), help="default: all"
    )
    parser.add_argument("--skip-bad", action="store_true", help="leave out unreadable rows, and report them")
    parser.add_argument("--replace", action="store_true", help="overwrite earlier data in DIR")


def run(options: argparse.Namespace) -> int:
    """Make the data and print the report."""
    given = ("seed", "dev_share", "conversations_per_recipe", "recipes_per_dish", "system")
    changes = {name: value for name in given if (value := getattr(options, name)) is not None}
    plan = read_plan(options.plan, changes, dict(map(_share, options.share)))
    with BuildProgressBar() as bar:
        report = build_data(
            options.sources,
            options.out,
            plan,
            formats=options.format,
            skip_bad=options.skip_bad,
            replace=options.replace,
            progress=bar.show,
        )
    for message in report.bad_row_messages:
        note(f"skipped {message}")
    console = Console()
    for table in tables_of(report):
        console.print(table)
    for split, counts in report.splits.items():
        for kind, missing in counts.short.items():
            note(f"{split}: {missing} conversations of {kind} fewer than its share; the recipes give no more")
    speed = report.rows / max(report.seconds, 1e-9)
    print(f"{options.out / REPORT_NAME}: {report.rows} rows in {report.seconds:.0f} s ({speed:.0f} a second)")
    print(f"data hash {report.data_hash}")
    return 0


def _share(text: str) -> tuple[str, float]:
    kind, _, number = text.partition("=")
    try:
        return kind, float(number)
    except ValueError as exc:
        raise SettingsError("share", f"must be KIND=NUMBER, got {text!r}") from exc
