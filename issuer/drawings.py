"""Pictures of passes, drawn once: kept in the database from the first card that shows them on, for all processes.

Only what was published is kept; the designer draws its drafts each time. A drawing is found by brand version, edition
of the drawing code, kind and count. Its kind is "brand" (icon and logo), "hero" (Google's banner), or the `Sort` of the
pass that the picture is for.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from issuer.schema import BrandVersion, Drawing
from passes.apple import brand_pictures, own_pictures
from passes.face import Face
from passes.google_images import hero_image
from passes.images import EDITION

log = logging.getLogger(__name__)

Subject = tuple[str, int, int]
"""What is drawn: kind, stamps needed, stamps filled."""
Files = dict[str, bytes]

BRAND, HERO = "brand", "hero"


def artwork_of(session: Session, worn: BrandVersion, face: Face, now: datetime) -> Files:
    """File name -> PNG: the pictures of an Apple pass that shows ``face`` in the look of ``worn``, as they are kept.

    What is missing is drawn and kept. Where it cannot be kept (a database that takes no writes), it is there all the
    same.

    :raises passes.face.FaceRefused: for what cannot be drawn; nothing is kept then
    """
    draw: Mapping[Subject, Callable[[], Files]] = {
        (BRAND, 0, 0): lambda: brand_pictures(face.icon, face.logo),
        (face.sort.value, *_count(face)): lambda: own_pictures(face.look, face.stamps, face.sort),
    }
    found = _kept(session, worn, *draw)
    new = {subject: draw[subject]() for subject in draw if subject not in found}
    if new:
        _try_to_keep(session, worn, new, now)
    return {name: png for files in (found | new).values() for name, png in files.items()}


def hero_of(session: Session, worn: BrandVersion, face: Face, now: datetime) -> str:
    """The digest of Google's banner for ``face`` in the look of ``worn``, for `hero_url`. Drawn and kept when missing.

    Commit before anybody is told of the address: until then nothing is to be had there.

    :raises passes.face.FaceRefused: for what cannot be drawn
    """
    subject = (HERO, *_count(face))
    kept = select(func.encode(Drawing.sha256, "hex")).where(*_drawn_now(worn), _is_one_of(subject))
    digest = session.scalar(kept)
    if digest is None:
        _keep(session, worn, {subject: {"hero.png": hero_image(face.look, face.stamps)}}, now)
        # Whoever was first, theirs is the file that is served.
        digest = session.scalars(kept).one()
    return str(digest)


def hero_url(public_url: str, slug: str, number: int, digest: str) -> str:
    """Where Google fetches a banner: another picture has another address.

    :param public_url: without a slash at the end
    :param slug: of a program that wears the brand
    :param number: of the brand version
    :param digest: what `hero_of` gave
    """
    return f"{public_url}/brand/{slug}/{number}/hero-{digest}.png"


def hero_png(session: Session, worn: BrandVersion, digest: str) -> bytes | None:
    """The banner with this digest, of an earlier edition too; ``None`` when there is none."""
    return session.scalar(
        select(Drawing.png)
        .where(*_of(worn), Drawing.kind == HERO, func.encode(Drawing.sha256, "hex") == digest)
        .limit(1)
    )


def _count(face: Face) -> tuple[int, int]:
    return (face.stamps.needed, face.stamps.filled) if face.stamps else (0, 0)


def _kept(session: Session, worn: BrandVersion, *subjects: Subject) -> dict[Subject, Files]:
    found = dict[Subject, Files]()
    columns = Drawing.kind, Drawing.needed, Drawing.filled, Drawing.name, Drawing.png
    rows = session.execute(select(*columns).where(*_drawn_now(worn), _is_one_of(*subjects)))
    for kind, needed, filled, name, png in rows:
        found.setdefault((kind, needed, filled), {})[name] = png
    return found


def _of(worn: BrandVersion) -> tuple[ColumnElement[bool], ...]:
    return Drawing.brand_id == worn.brand_id, Drawing.brand_version == worn.number


def _drawn_now(worn: BrandVersion) -> tuple[ColumnElement[bool], ...]:
    return *_of(worn), Drawing.edition == EDITION


def _is_one_of(*subjects: Subject) -> ColumnElement[bool]:
    return tuple_(Drawing.kind, Drawing.needed, Drawing.filled).in_(subjects)


def _try_to_keep(session: Session, worn: BrandVersion, drawn: Mapping[Subject, Files], now: datetime) -> None:
    try:
        with session.begin_nested():
            _keep(session, worn, drawn, now)
            _forget_outdated(session, worn)
    except DBAPIError as error:
        log.warning("a drawing of brand %s could not be kept: %s", worn.brand_id, error.orig)


def _keep(session: Session, worn: BrandVersion, drawn: Mapping[Subject, Files], now: datetime) -> None:
    """Two may draw the same at once: whoever is second waits here for the first, whose files stay."""
    rows = [
        {
            "brand_id": worn.brand_id,
            "brand_version": worn.number,
            "edition": EDITION,
            "kind": kind,
            "needed": needed,
            "filled": filled,
            "name": name,
            "merchant_id": worn.merchant_id,
            "png": png,
            "sha256": hashlib.sha256(png).digest(),
            "created_at": now,
        }
        for (kind, needed, filled), files in drawn.items()
        for name, png in files.items()
    ]
    session.execute(insert(Drawing).values(rows).on_conflict_do_nothing())


def _forget_outdated(session: Session, worn: BrandVersion) -> None:
    """Passes are drawn by the newest edition in the newest version. Banners stay: Google may hold their addresses."""
    session.execute(
        delete(Drawing).where(
            Drawing.brand_id == worn.brand_id,
            Drawing.kind != HERO,
            or_(Drawing.brand_version < worn.number, Drawing.edition < EDITION),
        )
    )
