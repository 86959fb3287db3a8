"""What a process keeps: bounded, for all threads, and nothing that failed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from issuer.remembering import Remembered


def counted(kept: Remembered[str, str], key: str, made: list[str]) -> str:
    def make() -> str:
        made.append(key)
        return key.upper()

    return kept.get(key, make)


def test_a_value_is_made_once() -> None:
    kept, made = Remembered[str, str](2), list[str]()
    assert [counted(kept, "a", made) for _ in range(3)] == ["A", "A", "A"]
    assert made == ["a"]


def test_what_was_asked_for_longest_ago_gives_way() -> None:
    kept, made = Remembered[str, str](2), list[str]()
    for key in "abacab":
        counted(kept, key, made)
    assert made == ["a", "b", "c", "b"]


def test_what_could_not_be_made_is_tried_again() -> None:
    kept = Remembered[str, str](2)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: str(1 // 0))
    assert kept.get("a", lambda: "A") == "A"


def test_threads_share_what_is_kept_and_never_get_anothers() -> None:
    kept, made = Remembered[str, str](3), list[str]()
    keys = [str(number % 7) for number in range(700)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda key: counted(kept, key, made), keys)) == keys
