"""One gate for all that shows or sounds on a phone: may this come now, later or not, and may it sound."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from issuer.offers.offer import Offer
from issuer.offers.policy import Policy

Wish = Literal["all", "fewer", "none"]
Reason = Literal["wish", "consent", "weekly", "paused", "quiet_hours", "silent_budget", "outranked"]
WISH: Reason = "wish"
CONSENT: Reason = "consent"
WEEKLY: Reason = "weekly"
PAUSED: Reason = "paused"
QUIET_HOURS: Reason = "quiet_hours"
SILENT_BUDGET: Reason = "silent_budget"
OUTRANKED: Reason = "outranked"

EARNED, BIRTHDAY, REST = 0, 1, 2
"""Ranks, the most urgent first: earned and expiring; a birthday; all else."""
RANKS = {"lapsing": EARNED, "unused": EARNED, "nearly": EARNED, "birthday": BIRTHDAY}
SET_OFF_BY_A_VISIT = {"visit", "milestone", "tier"}
WEEK, DAY, MINUTE = timedelta(days=7), timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Show:
    """Now; ``loud``: phones may show a note of it."""

    loud: bool


@dataclass(frozen=True)
class Wait:
    """Not before ``until``, which lies before it is over; then judge anew."""

    until: datetime
    reason: Reason


@dataclass(frozen=True)
class Hold:
    """Not as things are. ``again``: from when on time alone may change that, before it is over; null: never."""

    reason: Reason
    again: datetime | None = None


Verdict = Show | Wait | Hold


@dataclass(frozen=True)
class Told:
    """What came to a person. ``ambient``: it only lay there; else it was a message."""

    at: datetime
    loud: bool
    ambient: bool


@dataclass(frozen=True)
class Person:
    """Over all cards of a customer; ``told``: of the last seven days, in any order."""

    wish: Wish
    told: tuple[Told, ...] = ()
    last_visit: datetime | None = None

    def after(self, verdict: Verdict, wants: "Wants", now: datetime) -> "Person":
        """The same person once that was shown."""
        if not isinstance(verdict, Show):
            return self
        return replace(self, told=(*self.told, Told(now, verdict.loud, wants.ambient)))


@dataclass(frozen=True)
class Wants:
    """What would come: see `wants_of`. ``closes``: when it is over. ``zone``: the shop's, whose clock counts.

    ``after_visit``: the visit itself set it off, so there is no pause after that.
    """

    rank: int
    ambient: bool
    sounds: bool
    closes: datetime
    zone: str
    needs_consent: bool = False
    after_visit: bool = False


def rank(offer: Offer) -> int:
    """Lower goes first."""
    return RANKS.get(offer.trigger.kind, REST)


def wants_of(offer: Offer, closes: datetime, zone: str) -> Wants:
    """What an offer asks of the gate."""
    return Wants(
        rank=rank(offer),
        ambient=offer.ambient,
        sounds=offer.sounds,
        closes=closes,
        zone=zone,
        needs_consent=offer.audience.consented,
        after_visit=offer.trigger.kind in SET_OFF_BY_A_VISIT,
    )


def judge(wants: Wants, person: Person, policy: Policy, now: datetime) -> Verdict:
    """Whether this may come to the person now."""
    if person.wish == "none":
        return Hold(WISH)
    if wants.needs_consent and person.wish != "all":
        return Hold(CONSENT)
    return _ambient(wants, person, policy, now) if wants.ambient else _message(wants, person, policy, now)


def judge_all(wanted: Sequence[Wants], person: Person, policy: Policy, now: datetime) -> list[Verdict]:
    """The same for several at once, in the order of their ranks; the verdicts in the order in which they were given.

    What only another of them leaves no room for is outranked.
    """
    verdicts, after = dict[int, Verdict](), person
    for number in sorted(range(len(wanted)), key=lambda one: wanted[one].rank):
        wants = wanted[number]
        verdict = judge(wants, after, policy, now)
        if isinstance(verdict, Hold) and isinstance(judge(wants, person, policy, now), Show):
            verdict = Hold(OUTRANKED, verdict.again)
        verdicts[number], after = verdict, after.after(verdict, wants, now)
    return [verdicts[number] for number in range(len(wanted))]


def weekly_of(policy: Policy, wish: Wish) -> int:
    """Messages that this person gets in seven days at most."""
    return {"all": policy.weekly, "fewer": (policy.weekly + 1) // 2, "none": 0}[wish]


def quiet_end(policy: Policy, zone: str, at: datetime) -> datetime:
    """The first instant from ``at`` on that lies in no quiet hours of the shop's clock."""
    clock = ZoneInfo(zone)
    if not _is_quiet(policy, clock, at):
        return at
    today = at.astimezone(clock).date()
    ends = (
        datetime.combine(today + timedelta(days=day), policy.quiet_until, clock).replace(fold=fold).astimezone(UTC)
        for day in range(3)
        for fold in (0, 1)
    )
    end = next(end for end in ends if end > at and not _is_quiet(policy, clock, end))
    # A time that the clock skips is over when it goes on.
    while not _is_quiet(policy, clock, end - MINUTE):
        end -= MINUTE
    return end


def _ambient(wants: Wants, person: Person, policy: Policy, now: datetime) -> Verdict:
    """What comes to a card together changes it once."""
    times = {one.at for one in person.told if one.ambient}
    if now not in times and _count(times, DAY, now) >= policy.silent_a_day:
        return Hold(SILENT_BUDGET, _again(times, policy.silent_a_day, DAY, wants.closes))
    return Show(loud=False)


def _message(wants: Wants, person: Person, policy: Policy, now: datetime) -> Verdict:
    times, most = [one.at for one in person.told if not one.ambient], weekly_of(policy, person.wish)
    if _count(times, WEEK, now) >= most:
        return Hold(WEEKLY, _again(times, most, WEEK, wants.closes))
    until, reason = _calm(wants, person, policy, now)
    if until > now:
        return Wait(until, reason) if until < wants.closes else Hold(reason)
    # Google shows three notes of a pass a day: two of them are the till's.
    rested = not _count([one.at for one in person.told if one.loud], DAY, now)
    return Show(loud=policy.sounds and wants.sounds and person.wish == "all" and rested)


def _calm(wants: Wants, person: Person, policy: Policy, now: datetime) -> tuple[datetime, Reason]:
    """From when on neither a visit nor the hour stands against a message, and which of them does so last."""
    free = now
    if person.last_visit is not None and not wants.after_visit:
        free = max(now, person.last_visit + timedelta(hours=policy.pause_hours))
    end = quiet_end(policy, wants.zone, free)
    return end, QUIET_HOURS if end > free else PAUSED


def _count(times: Iterable[datetime], span: timedelta, now: datetime) -> int:
    """How many lie in the span that ends now; one that a clock set back has made to come still counts too."""
    return sum(at > now - span for at in times)


def _again(times: Iterable[datetime], most: int, span: timedelta, closes: datetime) -> datetime | None:
    """When there are fewer than so many in the span again, unless that is too late."""
    if most == 0:
        return None
    again = sorted(times, reverse=True)[most - 1] + span
    return again if again < closes else None


def _is_quiet(policy: Policy, clock: ZoneInfo, at: datetime) -> bool:
    begin, end, local = policy.quiet_from, policy.quiet_until, at.astimezone(clock).time()
    return begin <= local < end if begin <= end else not end <= local < begin
