"""`compose.yaml` and the Dockerfile name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from core.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGES = {"bot", "core", "finetune", "handlers", "index", "storage"}


def test_the_container_s_settings_exist() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    named = {name.lower() for name in compose["services"]["bot"]["environment"]}
    assert named <= Settings.model_fields.keys()
    assert [service for service, what in compose["services"].items() if "profiles" not in what] == ["bot"]


def test_the_image_holds_every_package() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    assert copied == PACKAGES
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert {f"!{package}" for package in PACKAGES} <= set(ignored)
