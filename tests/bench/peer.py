"""The peer that most teams would build: FastAPI, uvicorn and scikit-learn, scoring the same drafts by the same models.

It does what ScoreContent does, and no more: features of a draft, a forest of 100 trees of depth 10, a boosting of 100
trees of depth 5, score. Its models are fitted to the demonstration's posts when it starts.
"""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor

POSTS = Path(__file__).parents[2] / "server/groundswell_server/cli/demo/data/facebook_metrics.csv"
TYPES = ("Status", "Photo", "Video", "Link")


class Draft(BaseModel):
    """What is about to be posted."""

    caption: str = ""
    hashtags: list[str] = []
    media_type: str = "Photo"
    category: int = 1
    publish_time: datetime


def features(draft: Draft) -> list[float]:
    """Features of a draft, known before posting."""
    return [
        draft.publish_time.hour,
        draft.publish_time.isoweekday(),
        TYPES.index(draft.media_type),
        draft.category,
        len(draft.caption),
        len(draft.hashtags),
    ]


def fit() -> tuple[RandomForestRegressor, GradientBoostingClassifier, np.ndarray]:
    """Both models, and the sorted rates that a prediction is ranked among."""
    with POSTS.open() as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    known = [row for row in rows if int(row["T_Reach"] or 0)]
    table = np.array(
        [[int(r["Hour"]), int(r["Weekday"]), TYPES.index(r["Type"]), int(r["Category"]), 0, 0] for r in known], float
    )
    y = np.array(
        [sum(int(r[k] or 0) for k in ("like", "comment", "share")) / int(r["T_Reach"]) * 100 for r in known], float
    )
    forest = RandomForestRegressor(100, max_depth=10, random_state=0, n_jobs=1).fit(table, y)
    boosting = GradientBoostingClassifier(n_estimators=100, max_depth=5, random_state=0).fit(table, y >= 5.0)
    return forest, boosting, np.sort(y)


app = FastAPI()
forest, boosting, rates = fit()


@app.post("/score")
def score(draft: Draft) -> dict[str, float]:
    """Scores a draft 0 to 100."""
    row = [features(draft)]
    rate = float(forest.predict(row)[0])
    probability = float(boosting.predict_proba(row)[0, 1])
    percentile = float(np.searchsorted(rates, rate) / len(rates))
    return {"score": 60 * percentile + 40 * probability, "rate_pct": rate, "success_probability": probability}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
