"""Settings: the environment over the file over the defaults, bounds that are named, secrets that are hidden."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from groundswell_server.settings import PREFIX, Settings, SettingsError, explain, load


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and nothing of ours in the environment."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write_file(text: str) -> None:
    Path("groundswell.toml").write_text(text)


def explained(name: str, **overrides: object) -> tuple[str, str]:
    """Value and source of a setting, as `groundswell settings` shows them."""
    found = {row.name: row for row in explain(load(**overrides), **overrides)}
    return found[f"{PREFIX}{name}"].value, found[f"{PREFIX}{name}"].source


def test_arguments_outrank_the_environment_which_outranks_the_file_which_outranks_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert explained("PORT") == ("50051", "default")
    write_file("port = 6001")
    assert explained("PORT") == ("6001", "file")
    monkeypatch.setenv("GROUNDSWELL_PORT", "6002")
    assert explained("PORT") == ("6002", "environment")
    assert explained("PORT", port=6003) == ("6003", "argument")


def test_a_setting_that_is_empty_in_the_environment_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_PORT", "")
    assert explained("PORT") == ("50051", "default")


@pytest.mark.parametrize(
    ("name", "value", "bound"),
    [
        ("PORT", "99999", "less than or equal to 65535"),
        ("PORT", "-1", "greater than or equal to 0"),
        ("PORT", "many", "integer"),
        ("GENUINE_RATIO", "1.5", "less than or equal to 1"),
        ("BOT_THRESHOLD", "nan", ""),
        ("DATABASE_POOL_SIZE", "0", "greater than or equal to 1"),
        ("ML_MIN_TRAINING_SAMPLES", "5", "greater than or equal to 20"),
        ("GRACE_SECONDS", "-1", "greater than or equal to 0"),
        ("DEFAULT_DEADLINE_SECONDS", "0", "greater than 0"),
        ("DEFAULT_DEADLINE_SECONDS", "inf", ""),
        ("GRACE_SECONDS", "nan", ""),
        ("RATE_LIMIT_PER_SECOND", "nan", ""),
        ("LOG_LEVEL", "loud", "debug|info|warning|error"),
        ("PEERS", "not json", ""),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_setting_and_its_bounds(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, bound: str
) -> None:
    monkeypatch.setenv(f"GROUNDSWELL_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert f"GROUNDSWELL_{name}" in str(refused.value)
    assert bound in str(refused.value)


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_PORT", "99999")
    monkeypatch.setenv("GROUNDSWELL_GENUINE_RATIO", "2")
    with pytest.raises(SettingsError, match=r"GROUNDSWELL_PORT.*GROUNDSWELL_GENUINE_RATIO"):
        load()


def test_a_name_in_the_file_that_is_no_setting_is_refused() -> None:
    write_file("prot = 6001")
    with pytest.raises(SettingsError, match="PROT"):
        load()


def test_a_variable_that_is_no_setting_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_RATE_LIMT_BURST", "5")
    with pytest.raises(SettingsError, match=r"GROUNDSWELL_RATE_LIMT_BURST.*GROUNDSWELL_RATE_LIMIT_BURST"):
        load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TARGET", "localhost:50051"),
        ("API_KEY", "gsk_a_b"),
        ("POSTGRES_SERVICE_HOST", "10.0.0.7"),
        ("POSTGRES_PORT", "tcp://10.0.0.7:5432"),
        ("POSTGRES_PORT_5432_TCP_ADDR", "10.0.0.7"),
    ],
)
def test_variables_of_the_sdk_and_of_kubernetes_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GROUNDSWELL_{name}", value)
    load()


def test_a_file_that_is_no_toml_is_refused() -> None:
    write_file("port 6001")
    with pytest.raises(SettingsError, match=r"groundswell\.toml"):
        load()


def test_the_message_about_a_secret_does_not_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", "postgresql://ann:hush@host/name")
    monkeypatch.setenv("GROUNDSWELL_MASTER_KEY", "aHVzaA==")
    assert explained("DATABASE_URL") == ("postgresql://ann:**********@host/name", "environment")
    assert explained("MASTER_KEY") == ("**********", "environment")
    assert "hush" not in repr(load())


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1  # type: ignore[misc]


def test_every_setting_says_what_it_means() -> None:
    assert all(row.meaning for row in explain(load()))
    assert {row.name for row in explain(load())} == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_values_are_shown_as_they_would_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_REQUIRE_KEYS", "true")
    monkeypatch.setenv("GROUNDSWELL_PEERS", '{"learning": "localhost:50052"}')
    shown = {row.name.removeprefix(PREFIX): row.value for row in explain(load())}
    assert (shown["REQUIRE_KEYS"], shown["LOG_CALLS"]) == ("true", "false")
    assert shown["PEERS"] == '{"learning": "localhost:50052"}'
    assert shown["GRACE_SECONDS"] == "10"
