"""A server whose models are outside the database: trained, served, refused when damaged, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.jobs import remove_files
from groundswell_storage.learning import model_versions
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.studio import Studio
from tests.learning.calls.test_serving import promote, versions
from tests.patience import eventually
from tests.running import RunningServer

ENGAGEMENT = pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR


def path_of(studio: Studio, model_id: str, part: str) -> str:
    with studio.server.app.database.scope(studio.workspace) as scope:
        return model_versions.read_artifacts(scope, model_id)[part].path


def test_the_life_of_a_model(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    with RunningServer(database_url, ml_model_path=f"file://{folder}") as server:
        studio = Studio.open(server)
        studio.publish(world.posts(60))
        first, second = (
            studio.train("ENGAGEMENT_PREDICTOR", as_of_time=world.after(60), promotion=pb.PROMOTION_NEVER).id
            for _ in range(2)
        )
        assert len(list(folder.iterdir())) == 6
        for model_id in (first, second):
            studio.learning.PromoteModel(pb.PromoteModelRequest(model_id=model_id, force=True, request_id=model_id))
        eventually(lambda: versions(studio.learning) == ["ENGAGEMENT_PREDICTOR/2"])
        (folder / path_of(studio, second, "onnx")).unlink()
        # A server that starts now has to load what is stored.
        with RunningServer(database_url, ["learning"], ml_model_path=f"file://{folder}") as other:
            assert versions(other.learning(other.key(studio.workspace))) == ["ENGAGEMENT_PREDICTOR/1"]
        back = pb.RollBackModelRequest(model_type=ENGAGEMENT, request_id="back")
        assert studio.learning.RollBackModel(back).model.id == first
        # The answer of before, though the version that would be next is damaged.
        assert studio.learning.RollBackModel(back).model.id == first
        with refusal() as refused:
            promote(studio, second)
        assert refused.reason == "ARTIFACT_DAMAGED"
        studio.learning.DeleteModel(pb.DeleteModelRequest(model_id=second))
        remove_files(server.app.database, server.settings)
        assert {path.name for path in folder.iterdir()} == {
            path_of(studio, first, part) for part in ("onnx", "card", "estimator")
        }


def test_a_training_whose_store_is_away_waits_and_leaves_the_live_version(sqlite_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    with RunningServer(sqlite_url, ml_model_path=f"file://{folder}") as server:
        studio = Studio.open(server)
        studio.publish(world.posts(60))
        live = studio.train("ENGAGEMENT_PREDICTOR", as_of_time=world.after(60), promotion=pb.PROMOTION_NEVER).id
        studio.learning.PromoteModel(pb.PromoteModelRequest(model_id=live, force=True))
        folder.rename(tmp_path / "away")
        folder.write_text("in the way")
        with pytest.raises(AssertionError, match="is not reachable"):
            studio.train("ENGAGEMENT_PREDICTOR", as_of_time=world.after(60), promotion=pb.PROMOTION_NEVER)
        models = studio.learning.ListModels(pb.ListModelsRequest(stage=pb.MODEL_STAGE_LIVE)).models
        assert [model.id for model in models] == [live]
