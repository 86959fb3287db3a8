"""People of the console in any role, already signed in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from flask_openapi3 import OpenAPI

from issuer import people
from issuer.database import transaction
from tests.web.conftest import Browser

PASSWORD = "right horse"


@dataclass(frozen=True)
class Member:
    """Somebody and the browser in which they are signed in."""

    user_id: UUID
    email: str
    merchant_id: UUID | None
    browser: Browser

    def get(self, path: str) -> str:
        answer = self.browser.client.get(path)
        assert answer.status_code == 200, answer.status
        return str(answer.text)


def member(app: OpenAPI, now: datetime, *jobs: tuple[UUID, str], agent: str | None = None) -> Member:
    """Somebody new. ``jobs``: merchants and the role there; without one they have yet to found a shop."""
    email = f"{uuid4().hex}@cafe.example"
    with transaction(app.extensions["treuepass"].engine) as session:
        user = people.create_user(session, email, PASSWORD, now)
        for merchant_id, role in jobs:
            people.add_member(session, user, merchant_id, role, now)
    first = jobs[0][0] if jobs else None
    return Member(user.id, email, first, elsewhere(app, now, user.id, first, agent))


def elsewhere(
    app: OpenAPI, now: datetime, user_id: UUID, merchant_id: UUID | None, agent: str | None = None
) -> Browser:
    """A further browser in which they are signed in."""
    with transaction(app.extensions["treuepass"].engine) as session:
        token = people.open_session(session, user_id, merchant_id, now, agent).token
    client = app.test_client()
    client.set_cookie("treuepass_console", token, path="/console")
    return Browser(client, "/console/sign-in")
