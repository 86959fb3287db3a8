"""Who is shown which variant of an offer, and who nothing to compare with: by lot, and always the same."""

from hashlib import sha256
from typing import Literal
from uuid import UUID

from issuer.offers.offer import Trial

Arm = Literal["a", "b", "out"]


def arm_of(trial: Trial, offer_id: UUID, customer_id: UUID) -> Arm:
    """All cards of a person are in the same arm of an offer, and in that of another offer by another lot.

    Whoever is in a hold-out stays in it when it grows, and the others keep their variant.
    """
    lot = sha256(offer_id.bytes + customer_id.bytes).digest()
    if int.from_bytes(lot[:8], "big") % 100 < trial.hold_out:
        return "out"
    return "b" if trial.other is not None and lot[8] % 2 else "a"
