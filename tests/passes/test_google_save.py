"""A link to save a pass names what is saved, and nothing of who saves it."""

from typing import Any

import pytest

from passes.face import FaceRefused
from passes.google_save import Saved, save_payload

CARD = Saved("LoyaltyObject", "3388.card", "3388.program")
VOUCHER = Saved("OfferObject", "3388.voucher", "3388.vouchers")


def test_a_card_is_named_with_its_class() -> None:
    assert save_payload([CARD]) == {"loyaltyObjects": [{"id": "3388.card", "classId": "3388.program"}]}


def test_a_card_and_its_vouchers_are_saved_at_once() -> None:
    assert save_payload([VOUCHER, CARD]) == {
        "loyaltyObjects": [{"id": "3388.card", "classId": "3388.program"}],
        "offerObjects": [{"id": "3388.voucher", "classId": "3388.vouchers"}],
    }


@pytest.mark.parametrize(
    ("saved", "says"),
    [
        ([], "Nothing is to be saved"),
        ([Saved("LoyaltyClass", "3388.program", "3388.program")], "'LoyaltyClass' cannot be saved"),
        ([Saved("LoyaltyObject", "card", "3388.program")], "object id 'card'"),
        ([Saved("LoyaltyObject", "3388.card", "3388.")], "class id '3388.'"),
        ([Saved("LoyaltyObject", "3388.card", "4499.program")], "two issuers"),
        ([CARD, CARD], "The object 3388.card is to be saved twice"),
        ([CARD, Saved("OfferObject", "4499.voucher", "4499.vouchers")], "of the issuers 3388, 4499"),
    ],
)
def test_what_google_would_not_save_is_refused(saved: Any, says: str) -> None:
    with pytest.raises(FaceRefused) as caught:
        save_payload(saved)
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")
