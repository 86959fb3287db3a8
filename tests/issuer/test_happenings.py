"""What happens to a card elsewhere and books nothing."""

from sqlalchemy import select

from issuer import happenings
from issuer.events import VISITED
from issuer.schema import Event
from tests.issuer.counting import Till, locked


def test_a_check_in_where_somebody_acts_is_at_their_shop(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        assert happenings.check_in(session, locked(session, card_id), till.visit()) is None
        noted = select(Event.data["location_id"].astext).where(Event.card_id == card_id, Event.kind == VISITED)
        assert session.scalars(noted).one() == str(till.shop.location_id)
