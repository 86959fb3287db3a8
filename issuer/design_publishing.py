"""The step from a draft to what customers see."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import brands, events
from issuer.branding import brandings
from issuer.design import Design
from issuer.refusals import Refusal
from issuer.rehearsing import refuse_design
from issuer.rollouts import begin
from issuer.schema import Brand, BrandDraft, BrandVersion, Rollout
from passes.uploads import icon_from, read_upload


def publish_draft(
    session: Session, brand: Brand, user_id: UUID | None, revision: int, now: datetime
) -> Rollout | Refusal:
    """Make the draft what customers see, and begin to tell the phones.

    :param revision: `revision_of` the draft that was looked at before saying yes
    """
    brands.lock(session, brand)
    draft = brands.draft_of(session, brand)
    if draft is None or not brands.changes(brands.worn_now(session, brand), draft):
        return Refusal("nothing_to_publish")
    if draft.revision != revision:
        return Refusal("draft_changed_elsewhere")
    if Design.read(draft.design).too_faint():
        return Refusal("too_faint")
    if refused := refuse_design(session, brand, draft):
        return refused
    _add_version(session, brand, draft, user_id, now)
    author = str(user_id) if user_id else None
    events.record(session, brand.merchant_id, "design_published", now, version=brand.current_version, user_id=author)
    return begin(session, brand, now)


def _add_version(session: Session, brand: Brand, draft: BrandDraft, user_id: UUID | None, now: datetime) -> None:
    """The draft becomes it, and is gone."""
    brand.current_version += 1
    session.add(
        BrandVersion(
            brand_id=brand.id,
            number=brand.current_version,
            merchant_id=brand.merchant_id,
            icon_id=_icon_on_its_ground(session, draft, now),
            logo_id=draft.logo_id,
            stamp_id=draft.stamp_id,
            design=draft.design,
            published_by=user_id,
            created_at=now,
        )
    )
    session.delete(draft)
    session.flush()


def _icon_on_its_ground(session: Session, draft: BrandDraft, now: datetime) -> UUID:
    """The icon of an uploaded logo, on the background that was chosen last; a trade's own stays as it was drawn."""
    logo = brands.picture(session, draft.logo_id)
    if any(logo == ready.logo for ready in brandings().values()):
        return draft.icon_id
    icon = icon_from(read_upload(logo), Design.read(draft.design).colours.background)
    return brands.store_image(session, draft.merchant_id, icon.png, now)
