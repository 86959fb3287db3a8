"""Whether a card is among those that an offer is for, and when that changes by time alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from issuer.offers.audience import Audience, Fifths, Segment
from issuer.offers.facts import Facts, Visited

NEW = timedelta(days=30)
REGULAR, REGULAR_DAYS = timedelta(days=90), 3
A_DAY = timedelta(days=1)


def belongs(audience: Audience, facts: Facts, now: datetime) -> bool:
    """Whether all that the audience asks for is true of a card; never of one that is not active."""
    return facts.active and _is_one_of_them(audience, facts) and _has_come(audience, facts, now)


def changes_at(audience: Audience, facts: Facts, now: datetime) -> datetime | None:
    """The first instant after ``now`` at which `belongs` could answer otherwise though nothing happens to the card.

    Fifths are compared anew once a day, each card at a time of day of its own, so that a shop's cards do not come all
    at once.
    """
    ahead = [at for segment in audience.segments for at in _turns(segment, facts, now)]
    if audience.ranks:
        ahead.append(_daily(facts, now))
    return min((at for at in ahead if at > now), default=None)


def _is_one_of_them(audience: Audience, facts: Facts) -> bool:
    """What does not depend on when they came."""
    return (
        (not audience.programs or facts.program_id in audience.programs)
        and (not audience.languages or facts.language in audience.languages)
        and (not audience.tiers or (facts.tier is not None and facts.tier.key in audience.tiers))
        and (not audience.consented or facts.consented)
    )


def _has_come(audience: Audience, facts: Facts, now: datetime) -> bool:
    last = facts.last_visit
    return (
        (not audience.segments or any(_is(segment, facts, now) for segment in audience.segments))
        and (not audience.locations or (last is not None and last.location_id in audience.locations))
        and _ranks_among(audience, facts)
    )


def _is(segment: Segment, facts: Facts, now: datetime) -> bool:
    if segment == "new":
        return facts.first_visit is not None and now < facts.first_visit + NEW
    if segment == "regular":
        return len(_visit_days(facts, now)) >= REGULAR_DAYS
    return facts.last_visit is not None and facts.last_visit.at + timedelta(days=facts.around.lapsed_days) <= now


def _turns(segment: Segment, facts: Facts, now: datetime) -> Iterator[datetime]:
    """When a segment begins or ends by itself, in the past or to come."""
    if segment == "new" and facts.first_visit is not None:
        yield facts.first_visit + NEW
    if segment == "regular":
        days = _visit_days(facts, now)
        if len(days) >= REGULAR_DAYS:
            yield days[-REGULAR_DAYS] + REGULAR
    if segment == "lapsed" and facts.last_visit is not None:
        yield facts.last_visit.at + timedelta(days=facts.around.lapsed_days)


def _visit_days(facts: Facts, now: datetime) -> list[datetime]:
    """The last visit of each of the last ninety days with one, oldest first."""
    recent = (visit for visit in facts.visits if now - REGULAR < visit.at <= now)
    return sorted({_day(facts, visit): visit.at for visit in recent}.values())


def _day(facts: Facts, visit: Visited) -> str:
    return visit.at.astimezone(ZoneInfo(facts.around.zone_of(visit.location_id))).date().isoformat()


def _ranks_among(audience: Audience, facts: Facts) -> bool:
    """Nobody ranks before the shop's cards were compared for the first time."""
    if not audience.ranks:
        return True
    fifth = facts.fifth
    return fifth is not None and all(
        _within(wanted, got)
        for wanted, got in (
            (audience.recency, fifth.recency),
            (audience.frequency, fifth.frequency),
            (audience.money, fifth.money),
        )
    )


def _within(wanted: Fifths | None, fifth: int) -> bool:
    return wanted is None or wanted.least <= fifth <= wanted.most


def _daily(facts: Facts, now: datetime) -> datetime:
    own = timedelta(seconds=facts.card_id.int % int(A_DAY.total_seconds()))
    today = datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), tzinfo=UTC) + own
    return today if today > now else today + A_DAY
