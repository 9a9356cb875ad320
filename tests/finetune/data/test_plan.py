"""Settings of a data run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError
from finetune.data.kinds import KINDS
from finetune.data.plan import DEFAULT_SHARES, DataPlan, read_plan


def test_the_default_plan_has_a_share_for_every_kind() -> None:
    assert list(DEFAULT_SHARES) == list(KINDS)
    assert sum(DataPlan().per_recipe.values()) == pytest.approx(4)
    assert DataPlan().per_recipe["how_to_cook"] == pytest.approx(1)


def test_shares_are_weights() -> None:
    plan = DataPlan(conversations_per_recipe=2, shares={"refusals": 1, "how_to_cook": 3, "special": 0})
    assert plan.per_recipe == {"how_to_cook": 1.5, "refusals": 0.5}


def test_a_file_and_the_command_line_together(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("seed = 3\ndev_share = 0\n[shares]\nhow_to_cook = 1\n", encoding="utf-8")
    plan = read_plan(path, {"seed": 4}, {"refusals": 0.5})
    assert plan == DataPlan(seed=4, dev_share=0, shares={"how_to_cook": 1, "refusals": 0.5})
    assert read_plan(None, {}, {}) == DataPlan()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seed = ", "is no TOML"),
        ("sede = 1", "no setting 'sede'"),
        ('seed = "1"', "seed: must be of type int, got str"),
        ("seed = true", "seed: must be of type int, got bool"),
        ("dev_share = 0.9", "dev_share: must be from 0 to 0.5, got 0.9"),
        ("recipes_per_dish = 0", "recipes_per_dish: must be from 1"),
        ("[shares]\nhowto = 1", "no kind 'howto'"),
        ("[shares]\nspecial = -1", "shares.special: must be from 0"),
        ("[shares]\nspecial = 'x'", "shares.special: must be a number, got str"),
        ("[shares]\nspecial = 0", "at least one kind needs a share"),
        ("seed = -1", "seed: must be from 0"),
    ],
)
def test_a_wrong_setting_is_named(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=complaint):
        read_plan(path, {}, {})


def test_a_plan_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_plan(tmp_path / "nowhere.toml", {}, {})


@pytest.mark.parametrize("setting", ["conversations_per_recipe", "max_characters", "context_tokens"])
def test_numbers_have_ends(setting: str) -> None:
    wrong: dict[str, Any] = {setting: 10**9}
    with pytest.raises(SettingsError, match=setting):
        DataPlan(**wrong)
