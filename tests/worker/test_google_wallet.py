"""The client sends a call once, with a token of its own making, and says nothing of either to anybody."""

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.google_account import ISSUER_ID
from sandbox.google_faults import Fault
from signing.google_account import Account
from tests.worker.google_scene import GoogleServer
from worker.google_errors import LOST, NOT_GOOGLES, SILENCE, Meaning
from worker.google_wallet import A_PAGE, GoogleWallet

CLASS, OBJECT = "LoyaltyClass", "LoyaltyObject"
PATIENCE = (0.5, 0.5)
MIA = "Mia Muster"


def open_gate() -> None:
    """Whatever comes may go."""


@pytest.fixture
def wallet(google: GoogleServer) -> Iterator[GoogleWallet]:
    wallet = GoogleWallet(google.url, google.account, patience=PATIENCE)
    yield wallet
    wallet.close()


def class_body(name: str = "cafe") -> dict[str, Any]:
    image = {"sourceUri": {"uri": "https://cards.example/logo.png"}}
    return {
        "id": f"{ISSUER_ID}.{name}",
        "reviewStatus": "UNDER_REVIEW",
        "issuerName": "Café Größe",
        "programName": "Stempel",
        "programLogo": image,
    }


def object_body(name: str = "card") -> dict[str, Any]:
    return {"id": f"{ISSUER_ID}.{name}", "classId": f"{ISSUER_ID}.cafe", "state": "ACTIVE", "accountName": MIA}


def test_a_class_and_an_object_are_inserted_changed_and_read_as_they_were_sent(
    google: GoogleServer, wallet: GoogleWallet
) -> None:
    assert wallet.insert(CLASS, class_body(), open_gate).meaning is Meaning.DONE
    assert wallet.insert(OBJECT, object_body(), open_gate).body["accountName"] == MIA
    changed = wallet.patch(OBJECT, f"{ISSUER_ID}.card", {"state": "INACTIVE", "accountName": None}, open_gate)
    assert changed.meaning is Meaning.DONE
    read = wallet.get(OBJECT, f"{ISSUER_ID}.card", open_gate).body
    assert (read["state"], read.get("accountName"), read["hasUsers"]) == ("INACTIVE", None, False)
    assert wallet.get(CLASS, f"{ISSUER_ID}.cafe", open_gate).body["issuerName"] == "Café Größe"


def test_what_is_there_already_and_what_is_not_there_are_told_apart(google: GoogleServer, wallet: GoogleWallet) -> None:
    assert wallet.patch(CLASS, f"{ISSUER_ID}.cafe", class_body(), open_gate).meaning is Meaning.NOT_THERE
    assert wallet.insert(OBJECT, object_body(), open_gate).meaning is Meaning.NOT_THERE
    wallet.insert(CLASS, class_body(), open_gate)
    assert wallet.insert(CLASS, class_body(), open_gate).meaning is Meaning.ALREADY_THERE


def test_an_id_of_another_issuer_is_refused_for_our_account(google: GoogleServer, wallet: GoogleWallet) -> None:
    answer = wallet.get(CLASS, "3388000000011111111.cafe", open_gate)
    assert (answer.meaning, str(answer)) == (Meaning.REFUSED, "403 permissionDenied")


def test_a_list_comes_by_pages_until_the_last(google: GoogleServer, wallet: GoogleWallet) -> None:
    google.allow(rate=1000)
    wallet.insert(CLASS, class_body(), open_gate)
    names = [f"card-{number}" for number in range(A_PAGE + 3)]
    for name in names:
        google.google.store.insert("LoyaltyObject", object_body(name))
    gates = list[int]()
    pages = list(wallet.pages(OBJECT, lambda: gates.append(1), classId=f"{ISSUER_ID}.cafe"))
    assert [len(page.body["resources"]) for page in pages] == [A_PAGE, 3]
    listed = [one["id"] for page in pages for one in page.body["resources"]]
    assert listed == [f"{ISSUER_ID}.{name}" for name in names]
    assert len(gates) == 2
    assert [len(page.body["resources"]) for page in wallet.pages(CLASS, open_gate, issuerId=ISSUER_ID)] == [1]


def test_a_page_that_does_not_come_is_the_last(google: GoogleServer, wallet: GoogleWallet) -> None:
    google.script("*", Fault(503))
    pages = wallet.pages(OBJECT, open_gate, classId=f"{ISSUER_ID}.cafe")
    assert [page.meaning for page in pages] == [Meaning.RETRY]


def test_one_token_serves_all_calls_of_all_threads(google: GoogleServer, wallet: GoogleWallet) -> None:
    together = threading.Barrier(6)
    google.script("token", *[Fault(delay=0.05)] * 10)

    def call(_number: int) -> int:
        together.wait()
        return wallet.get(CLASS, f"{ISSUER_ID}.cafe", open_gate).status

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(call, range(6))) == [404] * 6
    assert google.google.faults.left() == {"token": 9}


def test_a_token_that_died_early_is_renewed_once_and_the_call_sent_again(
    google: GoogleServer, wallet: GoogleWallet
) -> None:
    gates = list[int]()
    wallet.insert(CLASS, class_body(), lambda: gates.append(1))
    google.google.tokens.end_all()
    assert wallet.get(CLASS, f"{ISSUER_ID}.cafe", lambda: gates.append(1)).meaning is Meaning.DONE
    assert google.asked() == [("POST", 200), ("GET", 401), ("GET", 200)]
    assert len(gates) == 3, "each request asks for a turn of its own"


def test_a_token_that_is_refused_twice_is_our_account_that_is_refused(
    google: GoogleServer, wallet: GoogleWallet
) -> None:
    google.script("*", *[Fault(401)] * 5)
    assert wallet.get(CLASS, f"{ISSUER_ID}.cafe", open_gate).meaning is Meaning.REFUSED
    assert len(google.calls()) == 2


@pytest.mark.parametrize(
    ("fault", "meaning", "said"),
    [
        (Fault(400), Meaning.PERMANENT, "400 invalidResource"),
        (Fault(403, "permissionDenied"), Meaning.REFUSED, "403 permissionDenied"),
        (Fault(403, "quotaExceeded"), Meaning.NOTICES_SPENT, "403 quotaExceeded"),
        (Fault(403, "rateLimitExceeded"), Meaning.THROTTLED, "403 rateLimitExceeded"),
        (Fault(429, retry_after=1), Meaning.THROTTLED, "429 rateLimitExceeded"),
        (Fault(500), Meaning.RETRY, "500 internalError"),
        (Fault(502), Meaning.RETRY, f"502 {NOT_GOOGLES}"),
        (Fault(503), Meaning.RETRY, "503 backendError"),
        (Fault(delay=0.8), Meaning.RETRY, SILENCE),
        (Fault(drop=True), Meaning.RETRY, LOST),
    ],
    ids=str,
)
def test_whatever_goes_wrong_is_an_answer_and_is_not_tried_again(
    google: GoogleServer, wallet: GoogleWallet, fault: Fault, meaning: Meaning, said: str
) -> None:
    google.script("*", fault)
    answer = wallet.insert(CLASS, class_body(), open_gate)
    assert (answer.meaning, str(answer)) == (meaning, said)
    assert google.google.faults.left() == {}
    assert len(google.calls()) <= 1


def test_nobody_at_googles_address_is_an_answer_too(google: GoogleServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    wallet = GoogleWallet(f"http://127.0.0.1:{port}", google.account, patience=PATIENCE)
    assert str(wallet.get(CLASS, "1.a", open_gate)) == LOST


def test_a_grant_that_is_refused_is_our_account_and_no_call_is_made(google: GoogleServer) -> None:
    other = dict(google.account.info, client_email="stranger@example.iam.gserviceaccount.com")
    account = Account(other["client_email"], google.account.key_id, google.account.key, other)
    wallet = GoogleWallet(google.url, account, patience=PATIENCE)
    answer = wallet.get(CLASS, f"{ISSUER_ID}.cafe", open_gate)
    assert (answer.meaning, answer.reason) == (Meaning.REFUSED, "invalid_grant")
    assert google.calls() == []


def test_a_token_endpoint_that_is_away_is_the_ways_trouble(google: GoogleServer, wallet: GoogleWallet) -> None:
    google.script("token", Fault(drop=True))
    answer = wallet.get(CLASS, f"{ISSUER_ID}.cafe", open_gate)
    assert answer.meaning is Meaning.RETRY
    assert google.calls() == []


def test_a_gate_that_stays_shut_keeps_the_call_here(google: GoogleServer, wallet: GoogleWallet) -> None:
    class Shut(Exception):
        pass

    def shut() -> None:
        raise Shut

    with pytest.raises(Shut):
        wallet.insert(CLASS, class_body(), shut)
    assert google.calls() == []


def test_a_redirect_is_not_followed_with_our_token(google: GoogleServer, wallet: GoogleWallet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        port = elsewhere.getsockname()[1]
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {google.url}/elsewhere\r\nContent-Length: 0\r\n\r\n".encode()

        def answer() -> None:
            client, _ = elsewhere.accept()
            with client:
                client.recv(65536)
                client.sendall(moved)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        other = GoogleWallet(f"http://127.0.0.1:{port}", google.account, patience=PATIENCE)
        assert str(other.get(CLASS, f"{ISSUER_ID}.cafe", open_gate)) == f"307 {NOT_GOOGLES}"
        thread.join(5)


def test_neither_tokens_nor_what_is_sent_are_logged_at_any_level(
    google: GoogleServer, wallet: GoogleWallet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wallet.insert(CLASS, class_body(), open_gate)
    wallet.insert(OBJECT, object_body(), open_gate)
    google.google.tokens.end_all()
    google.script("*", Fault(400, message=f"accountName: '{MIA}' is wrong"), Fault(503))
    for _ in range(3):
        wallet.patch(OBJECT, f"{ISSUER_ID}.card", object_body(), open_gate)
    token = wallet._credentials.token
    assert len(token) > 20
    assert token not in caplog.text
    assert MIA not in caplog.text
    assert "PRIVATE KEY" not in caplog.text


def test_nobody_is_asked_but_the_addresses_that_were_set(
    google: GoogleServer, wallet: GoogleWallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """google-auth's own session would ask another host of Google's about the account."""
    asked, real = set[object](), socket.getaddrinfo

    def noting(host: Any, *more: Any, **others: Any) -> Any:
        asked.add(host)
        return real(host, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", noting)
    wallet.insert(CLASS, class_body(), open_gate)
    assert asked == {"127.0.0.1"}
