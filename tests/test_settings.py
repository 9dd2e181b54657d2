"""Where settings come from, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.errors import InputError
from advisor.settings import Settings, load, normal_size


def test_flags_beat_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = tmp_path / "advisor.toml"
    file.write_text("min_partitions = 10\nmax_key_columns = 1\npayback_months = 3\n")
    environment = {"ADVISOR_MIN_PARTITIONS": "20", "ADVISOR_MAX_KEY_COLUMNS": "2", "HOME": "/"}
    found = load(file, {"min_partitions": 30, "budget_credits": None}, environment)
    assert (found.min_partitions, found.max_key_columns, found.payback_months) == (30, 2, 3.0)
    assert found.merge_fan_in == Settings().merge_fan_in


def test_prices_of_single_sizes_can_be_overridden(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[credits_per_hour]\n"X-Large" = 21.6\n')
    found = load(file, {}, {})
    assert found.price("XLARGE") == 21.6
    assert found.price("Small") == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("min_partition = 3", "did you mean min_partitions"),
        ("zzz = 3", "known: "),
        ("min_partitions = -3", "must not be negative"),
        ("min_partitions = 'few'", "min_partitions"),
        ("rewrite_credits_per_gib = [3, 2, 1]", "in this order"),
        ("credits_per_hour = 3", "table of warehouse sizes"),
        ("min_partitions = ", "cannot read settings"),
        ("payback_months = 0", "payback_months .* at least 0.1"),
        ("merge_fan_in = 1", "merge_fan_in .* at least 2"),
        ("partition_bytes = 0", "partition_bytes .* at least 1"),
        ("samples_per_template = 0", "samples_per_template .* at least 1"),
        ("parse_bytes = inf", "must be finite"),
        ("payback_months = nan", "must be finite"),
        ("advice_valid_days = 1e12", "at most 3650"),
        ("memory_limit = 'lots'", "a number with a unit"),
        ("memory_limit = 5", "a number with a unit"),
        ("default_warehouse_size = 'huge'", "credits_per_hour knows XSMALL"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "advisor.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        load(file, {}, {})
    assert "\n" not in str(caught.value)


def test_a_named_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read settings"):
        load(tmp_path / "none.toml", {}, {})


@pytest.mark.parametrize("size", ["2X-Large", "XXLARGE", "X2LARGE", "2xlarge"])
def test_sizes_have_one_spelling(size: str) -> None:
    assert normal_size(size) == "2XLARGE"
