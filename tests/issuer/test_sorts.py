"""Of what sort a card is, by its program's kind alone."""

import pytest

from issuer.rules.rules import MAIN
from issuer.sorts import sort_by
from passes.face import Sort


@pytest.mark.parametrize("kind", MAIN)
@pytest.mark.parametrize("stamped", [False, True])
def test_the_sort_follows_from_the_kind_and_from_whether_stamps_are_drawn(kind: str, stamped: bool) -> None:
    plain = {"voucher": Sort.VOUCHER, "prepaid": Sort.MEMBERSHIP, "discount": Sort.MEMBERSHIP}
    expected = plain.get(kind, Sort.LOYALTY)
    assert sort_by(kind, stamped=stamped) is (Sort.LOYALTY if stamped and expected is Sort.MEMBERSHIP else expected)
