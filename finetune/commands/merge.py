"""`python -m finetune merge`: an adapter and its base become a model of their own.

Run as:
    python -m finetune merge runs/first/adapter models/shishen-1_8b
    python -m finetune merge runs/first/adapter models/shishen-1_8b --base models/internlm2-chat-1_8b

Then LLM_MODEL=models/shishen-1_8b; LMDeploy and vLLM load the same folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from core.errors import ModelRejectedError, SettingsError
from core.language_models.adapter_folder import AdapterFolder, is_adapter
from finetune.commands.remarks import ERRORS, note

HELP = "put an adapter into its base"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("adapter", type=Path, help="folder of the adapter")
    parser.add_argument("target", type=Path, help="a new folder")
    parser.add_argument("--base", type=Path, help="its base; without it, the one that the adapter names")
    parser.add_argument("--models-dir", type=Path, default=Path("data/models"), help="for converted bases")
    parser.add_argument("--chat-template", choices=["chatml"], default="", help="for a base that has none")
    parser.add_argument(
        "--no-check", action="store_true", help="do not compare the logits of both afterwards"
    )


def run(options: argparse.Namespace) -> int:
    """Merge, and compare the result with what it was made of."""
    if not is_adapter(options.adapter):
        raise SettingsError("adapter", f"{options.adapter} is no adapter: adapter_config.json is missing")
    try:
        from finetune.merge import difference, merge
        from finetune.train.base_model import trainable_folder

        named = options.base or AdapterFolder(options.adapter).base_folder(options.models_dir)
        base = trainable_folder(named, options.models_dir)
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=ERRORS
        ) as bar:
            task = bar.add_task("weight files", total=None)
            merge(
                base,
                options.adapter,
                options.target,
                chat_template=options.chat_template,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        if not options.no_check:
            found = difference(base, options.adapter, options.target)
            note(
                f"logits differ from base and adapter by at most {found.largest:.2g} "
                f"(the largest is {found.scale:.3g}; {found.dtype} allows {found.allowed:.2g})"
            )
    except ImportError as exc:
        raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc
    print(f"{options.target}: merged; LLM_BACKEND=internlm2 and LLM_MODEL={options.target} run it")
    return 0
