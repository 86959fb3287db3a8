"""A phone as the service sees it: a device id, and the serial and token that stand in its pass."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import PASS_TYPE, Cafe
from tests.web.asking import Api

PKPASS = "application/vnd.apple.pkpass"


@dataclass
class Held:
    """One pass on one phone."""

    client: FlaskClient
    device: str
    serial: str
    token: str
    api: Api | None = None
    card: dict[str, Any] = field(default_factory=dict)
    cafe: Cafe | None = None

    @property
    def merchant_id(self) -> UUID:
        assert self.cafe is not None
        return self.cafe.merchant_id

    @property
    def registration(self) -> str:
        return f"/apple/v1/devices/{quote(self.device, safe='')}/registrations/{PASS_TYPE}/{self.serial}"

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"ApplePass {self.token}"}

    def register(self, push_token: object = "ab" * 32) -> TestResponse:
        return self.client.post(self.registration, json={"pushToken": push_token}, headers=self.authorization)

    def unregister(self) -> TestResponse:
        return self.client.delete(self.registration, headers=self.authorization)

    def listed(self, tag: object = None) -> TestResponse:
        query = {} if tag is None else {"passesUpdatedSince": str(tag)}
        path = f"/apple/v1/devices/{quote(self.device, safe='')}/registrations/{PASS_TYPE}"
        return self.client.get(path, query_string=query)

    def fetch(self, *, method: str = "GET", since: str | None = None) -> TestResponse:
        headers = self.authorization | ({} if since is None else {"If-Modified-Since": since})
        return self.client.open(f"/apple/v1/passes/{PASS_TYPE}/{self.serial}", method=method, headers=headers)

    def stamp(self) -> None:
        assert self.api is not None
        self.api.made(f"/cards/{self.card['id']}/stamps", {"count": 1})

    def download(self) -> TestResponse:
        """Once more from the card's page, as Safari does."""
        return self.client.get(urlsplit(self.card["links"]["apple"]).path)


def pass_json(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read("pass.json"))


def held(api: Api, cafe: Cafe) -> Held:
    """A new card, downloaded to a new phone that has not registered yet."""
    card = api.made("/cards", {"program_id": str(cafe.program_id)})
    answer = api.client.get(urlsplit(card["links"]["apple"]).path)
    assert answer.status_code == 200
    token = pass_json(answer.data)["authenticationToken"]
    return Held(api.client, uuid4().hex, card["serial"], token, api, card, cafe)
