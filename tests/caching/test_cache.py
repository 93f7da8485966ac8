"""What is remembered is bounded, true to the news, and not believed for ever."""

from __future__ import annotations

from groundswell_server.caching.cache import Cache


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_what_was_stored_is_found() -> None:
    cache: Cache[str, int] = Cache(2)
    cache.store("a", 1, cache.mark())
    assert (cache.get("a"), cache.get("b")) == (1, None)


def test_the_oldest_entry_makes_room() -> None:
    cache: Cache[str, int] = Cache(2)
    for key in "abac":
        cache.store(key, 1, cache.mark())
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 1)


def test_news_of_a_change_drops_the_entry() -> None:
    cache: Cache[str, int] = Cache(2)
    cache.store("a", 1, cache.mark())
    cache.forget("a")
    assert cache.get("a") is None


def test_a_read_that_began_before_the_news_is_not_kept() -> None:
    cache: Cache[str, int] = Cache(2)
    mark = cache.mark()
    cache.forget("a")
    cache.store("a", 1, mark)
    assert cache.get("a") is None
    cache.store("a", 2, cache.mark())
    assert cache.get("a") == 2


def test_that_holds_however_much_news_there_is() -> None:
    cache: Cache[str, int] = Cache(2)
    mark = cache.mark()
    for key in "abcd":
        cache.forget(key)
    cache.store("a", 1, mark)
    assert cache.get("a") is None


def test_an_entry_is_not_believed_for_ever() -> None:
    clock = Clock()
    cache: Cache[str, int] = Cache(2, trust_seconds=60, monotonic=clock)
    cache.store("a", 1, cache.mark())
    clock.seconds = 59
    assert cache.get("a") == 1
    clock.seconds = 61
    assert cache.get("a") is None


def test_an_entry_that_is_dear_to_read_may_live_on_for_a_while() -> None:
    clock = Clock()
    cache: Cache[str, int] = Cache(2, monotonic=clock)
    cache.store("a", 1, cache.mark())
    cache.forget_within("a", 10)
    assert cache.get("a") == 1
    clock.seconds = 8
    cache.forget_within("a", 10)
    clock.seconds = 11
    assert cache.get("a") is None


def test_a_read_of_it_that_is_under_way_is_not_kept() -> None:
    cache: Cache[str, int] = Cache(2)
    mark = cache.mark()
    cache.forget_within("a", 10)
    cache.store("a", 1, mark)
    assert cache.get("a") is None


def test_after_clearing_nothing_old_comes_back() -> None:
    cache: Cache[str, int] = Cache(2)
    cache.store("a", 1, cache.mark())
    mark = cache.mark()
    cache.clear()
    cache.store("b", 1, mark)
    assert (len(cache), cache.get("a"), cache.get("b")) == (0, None, None)
