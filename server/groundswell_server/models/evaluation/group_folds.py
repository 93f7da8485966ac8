"""Splits of labelled examples that keep every group on one side.

Labels have no later outcome that could leak, but related examples do: comments on one video, accounts of one farm, one
text sent twice. A model that has seen a member of a group is not tested on another. Groups are ordered by a hash of
their names, so that the split is arbitrary and reproducible.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groundswell_server.models.example_arrays import Fold


def hold_out(groups: Sequence[str], share: float) -> Fold:
    """Holds out whole groups with up to `share` of the examples as the future of the others.

    At least one group is held out: the smallest one if all are larger than the share.
    """
    members, target = _members(groups), round(len(groups) * share)
    chosen: list[NDArray[np.intp]] = []
    size = 0
    for rows in members:
        if size + len(rows) <= target:
            chosen.append(rows)
            size += len(rows)
    future = np.sort(np.concatenate(chosen or [min(members, key=len)]))
    return Fold(np.setdiff1d(np.arange(len(groups)), future), future)


def group_folds(groups: Sequence[str], count: int) -> list[Fold]:
    """Returns up to `count` parts of about equal size, each as the future of all others."""
    members = sorted(_members(groups), key=len, reverse=True)
    parts: list[list[NDArray[np.intp]]] = [[] for _ in range(min(count, len(members)))]
    sizes = [0] * len(parts)
    for rows in members:
        smallest = sizes.index(min(sizes))
        parts[smallest].append(rows)
        sizes[smallest] += len(rows)
    futures = [np.sort(np.concatenate(part)) for part in parts]
    return [Fold(np.setdiff1d(np.arange(len(groups)), future), future) for future in futures]


def independent(groups: Sequence[str], contents: Sequence[object]) -> tuple[str, ...]:
    """Returns the groups; if all examples are in one group, each distinct content becomes its own group."""
    if len(set(groups)) > 1:
        return tuple(groups)
    return tuple(repr(content) for content in contents)


def _members(groups: Sequence[str]) -> list[NDArray[np.intp]]:
    """Returns the rows of each group, in the order of the hash of its name."""
    names, codes = np.unique(np.array(groups, dtype=object), return_inverse=True)
    edges = np.cumsum(np.bincount(codes, minlength=len(names)))[:-1]
    rows = np.split(np.argsort(codes, kind="stable"), edges)
    digests = [hashlib.sha256(str(name).encode()).digest() for name in names]
    return [rows[place] for place in sorted(range(len(names)), key=lambda place: digests[place])]
