"""Brands: versions that customers see, and the draft that they do not."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.branding import Branding
from issuer.design import Change, Design, differences
from issuer.refusals import Refusal
from issuer.schema import Brand, BrandDraft, BrandVersion, Image, Merchant, Program

Worn = BrandVersion | BrandDraft


@dataclass(frozen=True)
class Pictures:
    """Ids of the images that a version wears."""

    icon: UUID
    logo: UUID
    stamp: UUID


def create_brand(session: Session, merchant: Merchant, branding: Branding, now: datetime) -> Brand:
    """A brand whose first version copies a ready design, pictures included."""
    brand = Brand(id=uuid4(), merchant_id=merchant.id, current_version=1, created_at=now)
    session.add(brand)
    session.flush()
    session.add(
        BrandVersion(
            brand_id=brand.id,
            number=1,
            merchant_id=merchant.id,
            icon_id=store_image(session, merchant.id, branding.icon, now),
            logo_id=store_image(session, merchant.id, branding.logo, now),
            stamp_id=store_image(session, merchant.id, branding.stamp, now),
            design=branding.design,
            created_at=now,
        )
    )
    session.flush()
    return brand


def store_image(session: Session, merchant_id: UUID, png: bytes, now: datetime) -> UUID:
    """The id of a picture of this merchant's; the same bytes are kept once."""
    digest = hashlib.sha256(png).digest()
    image = insert(Image).values(id=uuid4(), merchant_id=merchant_id, sha256=digest, png=png, created_at=now)
    # Two windows may bring the same picture at the same moment: whoever is second waits here for the first.
    session.execute(image.on_conflict_do_nothing())
    return session.scalars(select(Image.id).where(Image.merchant_id == merchant_id, Image.sha256 == digest)).one()


def picture(session: Session, image_id: UUID) -> bytes:
    """A picture's PNG."""
    return session.get_one(Image, image_id).png


def brand_of_merchant(session: Session) -> Brand:
    """The merchant's first brand."""
    return session.scalars(select(Brand).order_by(Brand.created_at, Brand.id).limit(1)).one()


def version_of(session: Session, brand: Brand, number: int) -> BrandVersion | None:
    """One that was published; ``None`` for any other number, however large."""
    return session.get(BrandVersion, (brand.id, number)) if 0 < number <= brand.current_version else None


def worn_now(session: Session, brand: Brand) -> BrandVersion:
    """What customers see."""
    return session.get_one(BrandVersion, (brand.id, brand.current_version))


def worn_by(session: Session, program_id: UUID) -> BrandVersion:
    """What the cards of a program look like now."""
    return session.scalars(
        select(BrandVersion)
        .join(Brand, (Brand.id == BrandVersion.brand_id) & (Brand.current_version == BrandVersion.number))
        .join(Program, Program.brand_id == Brand.id)
        .where(Program.id == program_id)
    ).one()


def once_worn_by(session: Session, program_id: UUID, number: int) -> BrandVersion | None:
    """What the cards of a program looked like in a version; ``None`` for one that was not published."""
    brand = session.scalars(select(Brand).join(Program, Program.brand_id == Brand.id).where(Program.id == program_id))
    return version_of(session, brand.one(), number)


def versions(session: Session, brand: Brand) -> Sequence[BrandVersion]:
    """All that was ever published, newest first."""
    return session.scalars(
        select(BrandVersion).where(BrandVersion.brand_id == brand.id).order_by(BrandVersion.number.desc())
    ).all()


def draft_of(session: Session, brand: Brand) -> BrandDraft | None:
    return session.get(BrandDraft, brand.id, populate_existing=True)


def in_work(session: Session, brand: Brand) -> Worn:
    """The draft, else what customers see: where the designer begins."""
    return draft_of(session, brand) or worn_now(session, brand)


def pictures_of(worn: Worn) -> Pictures:
    return Pictures(worn.icon_id, worn.logo_id, worn.stamp_id)


def revision_of(worn: Worn) -> int:
    """What a window has to show again to save or publish: another number means that something changed meanwhile.

    A draft's begins anywhere and counts its saves, so a later draft never looks like an earlier one.
    """
    return worn.revision if isinstance(worn, BrandDraft) else worn.number


def save_draft(
    session: Session, brand: Brand, design: Design, pictures: Pictures, revision: int, now: datetime
) -> BrandDraft | Refusal:
    """Keep what was designed so far.

    :param revision: `revision_of` what the window showed; when somebody else saved or published meanwhile, nothing
        is overwritten
    """
    lock(session, brand)
    if revision_of(in_work(session, brand)) != revision:
        return Refusal("draft_changed_elsewhere")
    return _keep(session, brand, design, pictures, now)


def _keep(session: Session, brand: Brand, design: Design, pictures: Pictures, now: datetime) -> BrandDraft:
    draft = draft_of(session, brand)
    if draft is None:
        draft = BrandDraft(brand_id=brand.id, merchant_id=brand.merchant_id, revision=secrets.randbelow(2**30))
        session.add(draft)
    draft.revision, draft.updated_at = draft.revision + 1, now
    draft.design = design.stored()
    draft.icon_id, draft.logo_id, draft.stamp_id = pictures.icon, pictures.logo, pictures.stamp
    session.flush()
    return draft


def discard_draft(session: Session, brand: Brand) -> None:
    """Back to what customers see."""
    lock(session, brand)
    draft = draft_of(session, brand)
    if draft is not None:
        session.delete(draft)
        session.flush()


def bring_back(session: Session, brand: Brand, number: int, now: datetime) -> BrandDraft | None:
    """An earlier version as the draft, to be looked at and published like any other; ``None`` without that version."""
    lock(session, brand)
    version = version_of(session, brand, number)
    if version is None:
        return None
    return _keep(session, brand, Design.read(version.design), pictures_of(version), now)


def changes(before: Worn, after: Worn) -> list[Change]:
    """What a customer would see differ between two versions."""
    found = list(differences(Design.read(before.design), Design.read(after.design)))
    found += [
        Change(what)
        for what in ("logo", "icon", "stamp")
        if getattr(before, f"{what}_id") != getattr(after, f"{what}_id")
    ]
    return found


def lock(session: Session, brand: Brand) -> None:
    """Two windows save and publish one after the other; the second sees what the first did."""
    session.refresh(brand, with_for_update=True)
