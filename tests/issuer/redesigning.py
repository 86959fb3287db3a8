"""A merchant at the designer, and the rollout that follows, for tests: each deed in a transaction of its own."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, select

from issuer import brands, rollouts
from issuer.brands import pictures_of, revision_of
from issuer.cards import view
from issuer.database import transaction
from issuer.design import Design
from issuer.design_publishing import publish_draft
from issuer.issuing import face_of, look_of
from issuer.refusals import Refusal
from issuer.rollouts import Reach, reach
from issuer.schema import BrandDraft, Card, Merchant, Rollout
from passes.face import Colours, Face
from tests.issuer.counting import Till
from tests.issuer.phones import Phone, download

DARK = Colours("#101820", "#ffffff", "#ffd080")
LIGHT = Colours("#ffffff", "#101010", "#303030")
FAINT = Colours("#ffffff", "#eeeeee", "#303030")
# Cards on phones a second, as many as a setting allows.
FAST = 10_000


def face(till: Till, card_id: UUID) -> Face:
    """What the card's pass shows."""
    with till.work() as session:
        shown = view(session, session.get_one(Card, card_id))
        worn = look_of(session, shown.program_id)
        return face_of(session, shown, session.get_one(Merchant, shown.merchant_id), worn, "https://cards.example")


def save(
    till: Till, colours: Colours, *, stamp: bytes | None = None, revision: int | None = None
) -> BrandDraft | Refusal:
    """``revision``: what the window shows; by default it was opened just now."""
    with till.work() as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.in_work(session, brand)
        pictures = pictures_of(worn)
        if stamp is not None:
            pictures = replace(pictures, stamp=brands.store_image(session, brand.merchant_id, stamp, till.now))
        design = replace(Design.read(worn.design), colours=colours)
        shown = revision_of(worn) if revision is None else revision
        return brands.save_draft(session, brand, design, pictures, shown, till.now)


def publish(till: Till, revision: int) -> Rollout | Refusal:
    with till.work() as session:
        return publish_draft(session, brands.brand_of_merchant(session), None, revision, till.now)


def redesign(till: Till, colours: Colours, *, stamp: bytes | None = None) -> Rollout:
    """Save and publish."""
    saved = save(till, colours, stamp=stamp)
    assert isinstance(saved, BrandDraft)
    rollout = publish(till, revision_of(saved))
    assert isinstance(rollout, Rollout), rollout
    return rollout


def advance(till: Till, rate: int = FAST) -> bool:
    """What the relay does, before any merchant is known."""
    with transaction(till.engine) as session:
        return rollouts.advance(session, till.now, rate)


def finish(till: Till, rate: int = FAST) -> int:
    """Look again and again, time passing, until nothing is left; in how many steps."""
    steps = 0
    while waiting(till):
        assert steps < 1000
        steps += advance(till, rate)
        till = till.later(0.05)
    return steps


def waiting(till: Till) -> int:
    with transaction(till.engine) as session:
        return session.scalar(select(func.count()).where(Rollout.due_at.is_not(None))) or 0


def versions(till: Till) -> dict[UUID, int]:
    with till.work() as session:
        return {card_id: version for card_id, version in session.execute(select(Card.id, Card.version))}  # noqa: C416


def told(till: Till) -> int:
    """Cards at their second version."""
    return sum(version == 2 for version in versions(till).values())


def on_phone(till: Till, *cards: UUID) -> Phone:
    """A phone that holds them as they are now."""
    phone = Phone(till)
    for card_id in cards:
        download(till, card_id)
        phone.register(card_id)
    return phone


def now_worn(till: Till) -> Reach:
    with till.work() as session:
        return reach(session, brands.worn_now(session, brands.brand_of_merchant(session)))
