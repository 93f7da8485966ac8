"""The cost of judging a million interactions: `python -m tests.engagement.bot_detection.throughput`.

The interactions are made from the comments in `tests/video_comments`: 2,000 posts with 500 interactions, six in ten of
them comments, of which one in seven is spam, one in five a genuine comment as it was written and the rest words of
genuine comments drawn at random, so that most texts are distinct as in real life.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from groundswell_server.engagement.bot_detection.duplicate_texts import SHORT_LETTERS
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch, PostFacts
from groundswell_server.engagement.bot_detection.near_duplicates import NearDuplicates, sketch
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister, persona_findings
from groundswell_server.engagement.bot_detection.score_combination import combine
from groundswell_server.engagement.bot_detection.text_fingerprints import Fingerprints
from groundswell_server.engagement.bot_detection.text_layer import phrase_findings
from groundswell_server.engagement.bot_detection.text_normalization import normalized_texts
from groundswell_server.engagement.bot_detection.time_layer import time_findings
from groundswell_server.engagement.interactions.cross_post_duplicates import MAX_REMEMBERED_TEXTS
from groundswell_storage.engagement.enums import InteractionKind, Platform
from tests.engagement.defaults import FILTER
from tests.video_comments import VIDEOS, texts_by_spam

PER_POST = 500
BATCH = 100 * PER_POST
PUBLISHED = datetime(2026, 1, 1, tzinfo=UTC)

Columns = tuple[list[str], list[str], list[int], list[int], list[str]]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds."""

    reading: float
    judging: float

    @property
    def ratio(self) -> float:
        """Returns the time of judging as a multiple of the time of reading."""
        return self.judging / self.reading


def write(path: Path, count: int, seed: int = 1) -> None:
    """Write `count` interactions as CSV: post, actor, kind, ISO time, text."""
    generator = random.Random(seed)
    spam, genuine = _comments()
    words = [word for text in genuine for word in text.split()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for number in range(count):
            post = number // PER_POST
            is_comment = generator.random() < 0.6
            text = _text(generator, spam, genuine, words) if is_comment else ""
            late = timedelta(hours=post, seconds=generator.expovariate(1 / 20_000))
            actor = f"user.{generator.randrange(count // 5 + 1)}"
            kind = InteractionKind.COMMENT if is_comment else InteractionKind.LIKE
            writer.writerow([f"post-{post}", actor, kind.name, (PUBLISHED + late).isoformat(), text])


def _comments() -> tuple[list[str], list[str]]:
    spam, genuine = ([text.removesuffix("\ufeff") for text in texts] for texts in texts_by_spam(*VIDEOS).values())
    return [text for text in spam if len(text) < 400], [text for text in genuine if len(text) < 300]


def _text(generator: random.Random, spam: list[str], genuine: list[str], words: list[str]) -> str:
    draw = generator.random()
    if draw < 0.15:
        return generator.choice(spam)
    if draw < 0.35:
        return generator.choice(genuine)
    return " ".join(generator.choices(words, k=generator.randint(1, 14)))


def read(path: Path) -> Iterator[Columns]:
    """The columns of batch after batch."""
    kinds = {kind.name: int(kind) for kind in InteractionKind}
    with path.open(encoding="utf-8", newline="") as file:
        columns: Columns = ([], [], [], [], [])
        posts, actors, numbers, times, texts = columns
        for post, actor, kind, moment, text in csv.reader(file):
            posts.append(post)
            actors.append(actor)
            numbers.append(kinds[kind])
            times.append(int(datetime.fromisoformat(moment).timestamp() * 1e6))
            texts.append(text)
            if len(posts) == BATCH:
                yield columns
                columns = ([], [], [], [], [])
                posts, actors, numbers, times, texts = columns
        if posts:
            yield columns


def measure(path: Path) -> Cost:
    """Read and judge by layers 1, 2 and the phrases, batch by batch."""
    register = PersonaRegister((Platform.INSTAGRAM, f"@User{number}") for number in range(1000))
    settings = FILTER
    reading = judging = 0.0
    batches = read(path)
    while True:
        started = time.perf_counter()
        columns = next(batches, None)
        reading += time.perf_counter() - started
        if columns is None:
            return Cost(reading, judging)
        started = time.perf_counter()
        batch = InteractionBatch.from_columns(*columns)
        posts = dict.fromkeys(batch.posts.values, PostFacts(Platform.INSTAGRAM, PUBLISHED))
        layers = (
            persona_findings(batch, posts, register),
            time_findings(batch, posts, settings),
            phrase_findings(batch),
        )
        combine(layers, len(batch), settings)
        judging += time.perf_counter() - started


def measure_near_duplicates(texts: dict[int, str]) -> float:
    """Seconds a text for finding near copies among distinct texts, exact hashes already known."""
    index = NearDuplicates(len(texts))
    index.groups_of(dict(list(texts.items())[:2]))
    started = time.process_time()
    index.groups_of(texts)
    return (time.process_time() - started) / len(texts)


def measure_remembered(texts: dict[int, str], asked: int = 50) -> float:
    """Seconds a text for finding what is nearly like it among remembered texts, sketches already made."""
    sketches = dict(zip(texts, sketch(list(texts.values())), strict=True))
    remembered = Fingerprints.of_sketches(sketches).to_bytes()
    some = Fingerprints.of_sketches({key: sketches[key] for key in list(texts)[:asked]})
    started = time.process_time()
    Fingerprints.of_bytes([remembered], len(texts)).alike(some)
    return (time.process_time() - started) / asked


def long_texts(path: Path, count: int) -> dict[int, str]:
    """The first `count` distinct texts that are long enough to be compared: key to letters."""
    found = {
        each.key: each.letters
        for columns in read(path)
        for each in normalized_texts(columns[4])
        if each.key is not None and each.letter_count >= SHORT_LETTERS
    }
    return dict(list(found.items())[:count])


def main(count: int = 1_000_000) -> None:
    """Measures and prints the result."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "interactions.csv"
        write(path, count)
        cost = measure(path)
        texts = long_texts(path, MAX_REMEMBERED_TEXTS)
    near = measure_near_duplicates(dict(list(texts.items())[:5000]))
    remembered = min(measure_remembered(texts) for _ in range(9))
    sys.stdout.write(
        f"{count} interactions: read in {cost.reading:.2f} s, layers 1, 2 and phrases in {cost.judging:.2f} s, "
        f"{cost.ratio:.2f} times the reading; near copies {1e6 * near:.0f} us a text, "
        f"among {len(texts)} of other posts {1e6 * remembered:.0f} us\n"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
