"""What is said before a certificate ends: to operators once at each stage, to owners as long as it lasts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issuer import certificate_ends
from issuer.certificate_ends import Use
from issuer.database import transaction
from issuer.schema import Certificate, Pass
from tests.conftest import Cafe
from tests.signing.throwaway import DAY, NOW

END, PASS_TYPE = NOW, "pass.a"
MERCHANT = UUID(int=7)


@pytest.fixture
def session(shared_engine: Engine) -> Iterator[Session]:
    """Nothing of it stays."""
    with Session(shared_engine, expire_on_commit=False) as session:
        session.query(Certificate).delete()
        yield session
        session.rollback()


def put(
    session: Session,
    *,
    pass_type: str = PASS_TYPE,
    end: datetime = END,
    merchant_id: UUID | None = None,
    made: datetime = END - 365 * DAY,
) -> Certificate:
    row = Certificate(
        id=uuid4(), merchant_id=merchant_id, pass_type=pass_type, team_id="T", certificate_pem=b"", key_sealed=b"",
        intermediate_pem=b"", not_after=end, created_at=made,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def bear(session: Session, merchant_id: UUID, pass_type: str, *, revoked: bool = False) -> None:
    """A card of a merchant that bears a pass type."""
    issue = Pass(
        id=uuid4(), merchant_id=merchant_id, card_id=uuid4(), pass_type=pass_type, serial=uuid4().hex,
        token_sealed=b"", created_at=END, revoked_at=END if revoked else None,
    )  # fmt: skip
    session.add(issue)
    session.flush()


def test_it_is_said_45_30_7_and_1_days_before_and_when_it_is_over(session: Session) -> None:
    put(session)
    said = []
    for hours in range(60 * 24, -49, -6):
        said += [hours for _ in certificate_ends.warn(session, END - timedelta(hours=hours))]
    assert said == [45 * 24, 30 * 24, 7 * 24, 24, 0]


def test_a_stage_that_nobody_was_there_for_is_not_made_up_for(session: Session) -> None:
    put(session)
    (ending,) = certificate_ends.warn(session, END - 6 * DAY)
    assert (ending.pass_type, ending.days, ending.over) == (PASS_TYPE, 6, False)
    assert certificate_ends.warn(session, END - 5 * DAY) == []


def test_one_that_was_renewed_is_not_spoken_of(session: Session) -> None:
    put(session)
    put(session, end=END + 365 * DAY, made=END - 20 * DAY)
    assert certificate_ends.warn(session, END - 3 * DAY) == []


def test_a_renewal_has_stages_of_its_own(session: Session) -> None:
    put(session)
    assert len(certificate_ends.warn(session, END - 3 * DAY)) == 1
    put(session, end=END + 365 * DAY, made=END)
    assert len(certificate_ends.warn(session, END + 365 * DAY - 44 * DAY)) == 1


def test_each_pass_type_is_spoken_of_by_itself(session: Session) -> None:
    put(session)
    put(session, pass_type="pass.b", merchant_id=MERCHANT)
    put(session, pass_type="pass.c", end=END + 100 * DAY)
    assert {one.pass_type for one in certificate_ends.warn(session, END)} == {PASS_TYPE, "pass.b"}


def test_of_several_who_look_at_once_one_says_it(engine: Engine) -> None:
    with transaction(engine) as session:
        put(session)

    def look(_number: int) -> int:
        with transaction(engine) as session:
            return len(certificate_ends.warn(session, END - DAY))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(look, range(8))) == [0] * 7 + [1]


def test_an_owner_is_told_of_what_signs_the_new_cards(session: Session) -> None:
    put(session)
    assert certificate_ends.ending_for(session, MERCHANT, END - 46 * DAY) is None
    for days in (45, 44, 1):
        told = certificate_ends.ending_for(session, MERCHANT, END - days * DAY)
        assert told is not None
        assert (told.days, told.not_after, told.over) == (days, END, False)
    told = certificate_ends.ending_for(session, MERCHANT, END + timedelta(seconds=1))
    assert told is not None
    assert told.over


def test_an_owner_is_not_told_of_what_signs_nothing_of_theirs(session: Session) -> None:
    put(session)
    put(session, pass_type="pass.own", merchant_id=MERCHANT, end=END + 300 * DAY)
    bear(session, uuid4(), PASS_TYPE)
    bear(session, MERCHANT, PASS_TYPE, revoked=True)
    assert certificate_ends.ending_for(session, MERCHANT, END) is None


def test_an_owner_is_told_of_what_older_cards_are_signed_with(session: Session) -> None:
    put(session)
    put(session, pass_type="pass.own", merchant_id=MERCHANT, end=END + 300 * DAY)
    bear(session, MERCHANT, PASS_TYPE)
    told = certificate_ends.ending_for(session, MERCHANT, END)
    assert told is not None
    assert told.pass_type == PASS_TYPE


def test_of_several_the_one_that_ends_first_is_told(session: Session) -> None:
    put(session)
    put(session, pass_type="pass.own", merchant_id=MERCHANT, end=END - 9 * DAY)
    bear(session, MERCHANT, PASS_TYPE)
    told = certificate_ends.ending_for(session, MERCHANT, END - 10 * DAY)
    assert told is not None
    assert told.pass_type == "pass.own"


def test_without_certificates_there_is_nothing_to_tell(session: Session) -> None:
    assert certificate_ends.warn(session, END) == []
    assert certificate_ends.ending_for(session, MERCHANT, END) is None
    assert not certificate_ends.uses(session).get(PASS_TYPE)


def test_who_uses_a_pass_type_is_counted_by_merchant(engine: Engine, cafe: Cafe, other_cafe: Cafe) -> None:
    with transaction(engine) as session:
        put(session)
        put(session, pass_type="pass.own", merchant_id=cafe.merchant_id)
        for _ in range(3):
            bear(session, cafe.merchant_id, PASS_TYPE)
        bear(session, cafe.merchant_id, PASS_TYPE, revoked=True)
    with transaction(engine) as session:
        found = certificate_ends.uses(session)
    own, other = cafe.merchant_id, other_cafe.merchant_id
    mine, theirs = Use(own, "Café Test", False, 3), Use(other, "Café Test-other", True, 0)
    assert sorted(found[PASS_TYPE], key=lambda use: use.name) == [mine, theirs]
    assert found["pass.own"] == [Use(own, "Café Test", True, 0)]
