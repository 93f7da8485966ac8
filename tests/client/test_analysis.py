"""Analyses as tables: the figures of the answer, a row for each metric and variant."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from groundswell import Analysis, AsyncClient, Client, types
from tests.running import RunningServer

COMPARED = {
    "difference": 0.03,
    "lift": 0.3,
    "lift_interval": {"lower": -0.02, "upper": 0.62},
    "effect_size": 0.094,
    "fixed_horizon": {"p_value": 0.03, "adjusted_p_value": 0.06, "interval": {"lower": 0.002, "upper": 0.058}},
    "always_valid": {"p_value": 0.3, "adjusted_p_value": 0.37, "interval": {"lower": -0.014, "upper": 0.074}},
}
RESPONSE = types.AnalyzeExperimentResponse(
    decision={"verdict": "EXPERIMENT_VERDICT_WINNER", "winner": "new", "explanation": "new beats old"},
    metrics=[
        {
            "metric": "conversion_rate",
            "role": "METRIC_ROLE_PRIMARY",
            "variants": [
                {"variant": "old", "units": 1000, "mean": 0.10, "probability_best": 0.02},
                {"variant": "new", "units": 1001, "mean": 0.13, "probability_best": 0.98, "comparison": COMPARED},
            ],
        },
        {
            "metric": "revenue",
            "role": "METRIC_ROLE_GUARDRAIL",
            "variants": [
                {"variant": "old", "credible_interval": {"lower": 1.0, "upper": 2.0}},
                {"variant": "new", "comparison": {"difference": 0.0, "always_valid": {"p_value": 1.0}}},
            ],
        },
    ],
)
DESIGN = {"metrics": [{"name": "conversion_rate"}], "variants": [{"key": "new"}], "min_runtime": 0}


def test_the_verdict_reads_as_a_word() -> None:
    found = Analysis(RESPONSE)
    assert (found.verdict, found.winner, found.explanation) == ("WINNER", "new", "new beats old")


def test_a_table_has_a_row_for_each_metric_and_variant() -> None:
    table = Analysis(RESPONSE).to_dataframe()
    assert list(table.index) == [
        ("conversion_rate", "old"),
        ("conversion_rate", "new"),
        ("revenue", "old"),
        ("revenue", "new"),
    ]
    new = table.loc[("conversion_rate", "new")]
    assert (new["role"], new["units"], new["mean"], new["difference"]) == ("primary", 1001, 0.13, 0.03)
    assert (new["p_value"], new["lower"], new["upper"]) == (0.06, 0.002, 0.058)
    assert (new["always_valid_p_value"], new["always_valid_lower"], new["always_valid_upper"]) == (0.37, -0.014, 0.074)
    assert (new["lift"], new["lift_lower"], new["lift_upper"], new["effect_size"]) == (0.3, -0.02, 0.62, 0.094)
    assert math.isnan(table.loc[("conversion_rate", "old"), "difference"])
    unbounded = table.loc[("revenue", "new")]
    assert unbounded["difference"] == 0.0
    assert math.isnan(unbounded["always_valid_lower"])
    assert math.isnan(unbounded["lift"])
    assert table.loc[("revenue", "old"), "credible_upper"] == 2.0
    figures = table.drop(columns=["role", "units"])
    assert {str(kind) for kind in figures.dtypes} == {"float64"}


def test_without_pandas_it_says_what_to_install() -> None:
    with patch.dict(sys.modules, {"pandas": None}), pytest.raises(ImportError, match=r"groundswell\[pandas\]"):
        Analysis(RESPONSE).to_dataframe()
    assert len(Analysis(RESPONSE).rows()) == 4


def test_nobody_who_asks_for_no_table_imports_pandas() -> None:
    program = "import sys, groundswell.analysis, groundswell.experiments; assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.fixture
def target(sqlite_url: str) -> Iterator[str]:
    with RunningServer(sqlite_url) as server, Client(server.target) as client:
        client.experiments.create_experiment(key="hooks", design=DESIGN)
        client.experiments.start_experiment(experiment_key="hooks")
        client.experiments.assign_variant(experiment_key="hooks", unit="ana")
        yield server.target


def test_both_clients_analyze(target: str) -> None:
    with Client(target) as client:
        found = client.experiments.analyze("hooks", with_history=True)
    assert found.verdict == "NEEDS_SAMPLES"
    assert sum(found.to_dataframe()["units"]) == 1


async def test_the_asyncio_client_analyzes(target: str) -> None:
    async with AsyncClient(target) as client:
        found = await client.experiments.analyze("hooks")
    assert found.verdict == "NEEDS_SAMPLES"
    assert list(found.to_dataframe().index) == [("conversion_rate", "control"), ("conversion_rate", "new")]
