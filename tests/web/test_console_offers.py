"""Offers in the console: begun from an idea, read back, looked at before they run, paused, ended."""

import html
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, select

from issuer.database import transaction
from issuer.keys import Keys
from issuer.offer_preview import DryRun, Tried
from issuer.offers.triggers import KINDS
from issuer.schema import Location, Sweep
from issuer.schema import Offer as Row
from issuer.web.console.offer_forms import filled
from issuer.web.console.offer_ideas import IDEAS, idea
from issuer.web.console.offer_pages import tried_out
from tests.issuer.promoting import VOUCHER, an_offer, look_at_all, promote
from tests.web.members import Member, member
from tests.web.programming import bakery, get, give_cards, merchant_of, placed_bakery, programs_of

OFFERS, NEW = "/console/offers", "/console/offers/new"
PAGES = (OFFERS, NEW, f"{OFFERS}/calendar", f"{OFFERS}/held")


@pytest.fixture
def owner(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    return placed_bakery(app, engine, now)


def submit(owner: Member, path: str, fields: Mapping[str, Any]) -> Any:
    """In English, whatever the browser."""
    return owner.browser.client.post(
        path, data={"csrf_token": owner.browser.token, **fields}, headers={"Accept-Language": "en"}
    )


def saved(owner: Member, key: str) -> str:
    """The id of a draft made from an idea."""
    offer = idea(key, "de")
    form = filled(offer, "en")
    answer = owner.browser.client.post(
        NEW,
        data={"csrf_token": owner.browser.token, "kind": offer.trigger.kind, "do": "save", **form.to_dict(flat=False)},
    )
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>([^<]*)', answer.text)
    return str(answer.location.split("/")[-2])


def rows(engine: Engine, owner: Member) -> list[Row]:
    with transaction(engine, owner.merchant_id) as session:
        return list(session.scalars(select(Row)))


def revision(page: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', page)
    assert found is not None
    return found[1]


def go_live(owner: Member, offer_id: str) -> None:
    page = get(owner, f"{OFFERS}/{offer_id}/review")
    assert owner.browser.submit(f"{OFFERS}/{offer_id}/publish", revision=revision(page)).status_code == 303


def test_a_shop_without_offers_is_told_what_they_are_and_how_to_begin(owner: Member) -> None:
    page = get(owner, OFFERS)
    assert 'id="no-offers"' in page
    assert f'href="{NEW}"' in page


@pytest.mark.parametrize("path", PAGES)
def test_staff_see_no_offers(app: OpenAPI, owner: Member, now: datetime, path: str) -> None:
    colleague = member(app, now, (merchant_of(owner), "staff"))
    assert colleague.browser.client.get(path).status_code == 403
    assert app.test_client().get(path).status_code == 303


def test_it_begins_with_ideas_and_with_everything_that_can_set_one_off(owner: Member) -> None:
    page = get(owner, NEW)
    for key in IDEAS:
        assert f'id="idea-{key}"' in page
    for kind in KINDS:
        assert f'id="kind-{kind}"' in page


@pytest.mark.parametrize("kind", KINDS)
def test_every_trigger_has_a_form(owner: Member, kind: str) -> None:
    page = get(owner, f"{NEW}?kind={kind}")
    assert f'name="kind" value="{kind}"' in page
    assert 'name="content.card.de"' in page


@pytest.mark.parametrize("key", IDEAS)
def test_each_of_the_five_sentences_is_built_and_reads_back_the_same(owner: Member, engine: Engine, key: str) -> None:
    begun = get(owner, f"{NEW}?idea={key}")
    sentence = re.search(r'id="said-de">([^<]+)<', begun)
    assert sentence is not None
    offer_id = saved(owner, key)
    assert sentence[1] in get(owner, f"{OFFERS}/{offer_id}/review")
    go_live(owner, offer_id)
    page = get(owner, f"{OFFERS}/{offer_id}")
    assert sentence[1] in page
    assert 'data-state="live"' in page
    assert [row.state for row in rows(engine, owner)] == ["live"]


def test_what_is_typed_is_read_back_and_counted_before_it_is_saved(
    owner: Member, engine: Engine, keys: Keys, now: datetime
) -> None:
    give_cards(engine, keys, owner, now, begun=2, fresh=1)
    typed = {"trigger.days": "45", "content.card.de": "Hallo"}
    page = submit(owner, NEW, {"kind": "quiet", "do": "look", "unlock": "none", **typed})
    assert page.status_code == 200
    assert "45 days" in page.text
    assert "3 of 3 cards can get it" in page.text
    assert rows(engine, owner) == []


def test_the_numbers_of_the_preview_are_all_the_cards(owner: Member, engine: Engine, keys: Keys, now: datetime) -> None:
    give_cards(engine, keys, owner, now, begun=2, fresh=1)
    tiles = re.findall(r"<dd[^>]*>([^<]+)</dd>", reach(get(owner, f"{OFFERS}/{saved(owner, 'comeback')}/review")))
    assert tiles == ["0", "0", "3"]


def reach(page: str) -> str:
    return page.partition('id="preview"')[2].partition("</dl>")[0]


def test_a_past_month_without_anybody_says_so_and_of_weather_that_nobody_knows(owner: Member) -> None:
    assert "shown on no card" in get(owner, f"{OFFERS}/{saved(owner, 'comeback')}/review")
    assert "nothing can be said of weather" in get(owner, f"{OFFERS}/{saved(owner, 'heat')}/review")


def test_times_are_counted_over_the_past_month_and_the_best_day_is_named(app: OpenAPI) -> None:
    days = tuple(Tried(date(2026, 3, 1 + day), 2 + (day == 4), ()) for day in range(30))
    with app.test_request_context(headers={"Accept-Language": "en"}):
        found = tried_out(DryRun(days, 3, 3), "time")
    assert found["said"] == "On all cards together it would have been shown 61 times in the last 30 days."
    assert found["most"] == "Most on Thursday, 5 March: 3."
    assert (found["first"], found["last"]) == ("Sunday, 1 Mar", "Monday, 30 Mar")
    assert [day["is_most"] for day in found["days"]].index(True) == 4


def test_the_form_asks_for_no_shop_where_there_is_one_and_for_no_tier_where_there_is_none(owner: Member) -> None:
    assert 'name="trigger.location"' not in get(owner, f"{NEW}?kind=weather")
    page = get(owner, f"{NEW}?kind=tier")
    assert 'name="trigger.tier"' not in page
    assert 'id="no-tiers"' in page


def test_a_refused_form_opens_no_fold_that_nothing_was_chosen_in(owner: Member) -> None:
    usual = {f"audience.recency.{end}": value for end, value in (("least", "1"), ("most", "5"))}
    page = submit(owner, NEW, {"kind": "quiet", "do": "save", "unlock": "none", **usual})
    assert page.status_code == 422
    assert '<details class="fold" open' not in page.text
    chosen = submit(owner, NEW, {"kind": "quiet", "do": "save", "unlock": "none", "audience.recency.least": "4"})
    assert '<details class="fold" open' in chosen.text


def test_a_value_that_cannot_be_used_is_named_and_nothing_typed_is_lost(owner: Member, engine: Engine) -> None:
    typed = {"trigger.days": "many", "content.card.de": "Hallo", "content.card.en": "Hello"}
    page = submit(owner, NEW, {"kind": "quiet", "do": "save", "unlock": "none", **typed})
    assert page.status_code == 422
    assert "“many” is not a whole number" in html.unescape(page.text)
    assert 'value="many"' in page.text
    assert 'value="Hallo"' in page.text
    assert rows(engine, owner) == []


@pytest.mark.parametrize("kind", ["", "magic", "__class__"])
def test_an_unknown_trigger_leads_back_to_the_choice(owner: Member, kind: str) -> None:
    assert owner.browser.submit(NEW, kind=kind, do="save").location == NEW


def test_a_place_offer_without_coordinates_is_refused_with_the_remedy(owner: Member, engine: Engine) -> None:
    with transaction(engine, owner.merchant_id) as session:
        session.scalars(select(Location)).one().latitude = None
    offer_id = saved(owner, "morning")
    seen = revision(get(owner, f"{OFFERS}/{offer_id}/review"))
    page = submit(owner, f"{OFFERS}/{offer_id}/publish", {"revision": seen})
    assert page.status_code == 409
    assert "coordinates" in page.text


def test_what_was_looked_at_is_what_runs(owner: Member) -> None:
    offer_id = saved(owner, "comeback")
    seen = revision(get(owner, f"{OFFERS}/{offer_id}/review"))
    change(owner, offer_id, {"trigger.days": "60"})
    assert owner.browser.submit(f"{OFFERS}/{offer_id}/publish", revision=seen).status_code == 409


def change(owner: Member, offer_id: str, fields: dict[str, str]) -> None:
    path = f"{OFFERS}/{offer_id}/change"
    form = filled(idea("comeback", "de"), "en").to_dict(flat=False) | {
        "revision": revision(get(owner, path)),
        "do": "save",
    }
    answer = submit(owner, path, {**form, **fields})
    assert answer.status_code == 303


def test_another_windows_save_is_noticed(owner: Member) -> None:
    offer_id = saved(owner, "comeback")
    path = f"{OFFERS}/{offer_id}/change"
    stale = revision(get(owner, path))
    change(owner, offer_id, {"trigger.days": "60"})
    form = filled(idea("comeback", "de"), "en").to_dict(flat=False) | {"revision": stale, "do": "save"}
    answer = submit(owner, path, form)
    assert answer.status_code == 422
    assert "changed in another window" in answer.text


def test_a_change_of_a_running_offer_waits_for_a_second_look(owner: Member, engine: Engine) -> None:
    offer_id = saved(owner, "comeback")
    go_live(owner, offer_id)
    change(owner, offer_id, {"trigger.days": "60"})
    assert 'id="drafted"' in get(owner, f"{OFFERS}/{offer_id}")
    assert "60 days" not in get(owner, f"{OFFERS}/{offer_id}")
    go_live(owner, offer_id)
    assert "60 days" in get(owner, f"{OFFERS}/{offer_id}")
    assert [row.version for row in rows(engine, owner)] == [2]


def test_it_is_paused_runs_again_and_ends_for_good(owner: Member, engine: Engine) -> None:
    offer_id = saved(owner, "comeback")
    go_live(owner, offer_id)
    for deed, state in (("pause", "paused"), ("resume", "live"), ("end", "ended")):
        assert owner.browser.submit(f"{OFFERS}/{offer_id}/{deed}").status_code == 303
        assert f'data-state="{state}"' in get(owner, f"{OFFERS}/{offer_id}")
    assert owner.browser.submit(f"{OFFERS}/{offer_id}/resume").status_code == 303
    assert [row.state for row in rows(engine, owner)] == ["ended"]


def test_going_live_has_the_cards_looked_at(owner: Member, engine: Engine) -> None:
    offer_id = saved(owner, "comeback")
    go_live(owner, offer_id)
    with transaction(engine) as session:
        assert session.get_one(Sweep, UUID(offer_id)).due_at is not None


def test_a_draft_is_thrown_away_and_what_has_run_is_kept(owner: Member, engine: Engine) -> None:
    kept, gone = saved(owner, "comeback"), saved(owner, "heat")
    go_live(owner, kept)
    for offer_id in (kept, gone):
        assert owner.browser.submit(f"{OFFERS}/{offer_id}/discard").status_code == 303
    assert [str(row.id) for row in rows(engine, owner)] == [kept]


def test_nothing_ends_for_good_before_it_was_said_what_goes_with_it(
    owner: Member, engine: Engine, keys: Keys, now: datetime
) -> None:
    give_cards(engine, keys, owner, now, begun=2, fresh=0)
    offer_id = promote(engine, merchant_of(owner), now, unlocks=VOUCHER)
    assert "No card shows it at the moment." in get(owner, f"{OFFERS}/{offer_id}")
    look_at_all(engine, keys, merchant_of(owner), now)
    asked = get(owner, f"{OFFERS}/{offer_id}").partition('<details class="fold" id="ending">')[2]
    assert "2 cards show it now. 2 unused vouchers are lost." in asked
    assert f'action="{OFFERS}/{offer_id}/end"' in asked.partition("</details>")[0]


@pytest.mark.parametrize("state", ["draft", "ended"])
def test_what_does_not_run_cannot_be_ended(owner: Member, state: str) -> None:
    offer_id = saved(owner, "comeback")
    if state == "ended":
        go_live(owner, offer_id)
        owner.browser.submit(f"{OFFERS}/{offer_id}/end")
    assert 'id="ending"' not in get(owner, f"{OFFERS}/{offer_id}")


def test_the_sample_wears_the_shops_colours_and_bears_the_offer_in_both_languages(owner: Member) -> None:
    page = get(owner, f"{OFFERS}/{saved(owner, 'morning')}/review")
    samples = page.partition('id="samples"')[2].partition("</section>")[0]
    assert re.search(r'rel="stylesheet" href="/brand/[^"]+/brand.css"', page)
    assert samples.count('class="apple"') == 2
    assert "Near Bäckerei Ährenkorn" in samples
    assert "Nahe Bäckerei Ährenkorn" in samples
    strip = re.search(r'class="apple-strip" src="([^"]+)"', samples)
    assert strip is not None
    assert owner.browser.client.get(strip[1]).content_type == "image/png"


def test_what_the_front_of_an_iphone_cuts_off_is_said(owner: Member) -> None:
    offer_id = saved(owner, "comeback")
    change(owner, offer_id, {"content.card.en": "A warm welcome back: cake at half price"})
    samples = get(owner, f"{OFFERS}/{offer_id}/review").partition('id="samples"')[2]
    assert "all of it stands on the back" in samples or "no room for it" in samples


@pytest.mark.parametrize("path", ["none/1", "00000000-0000-0000-0000-000000000000/1", "mine/99"])
def test_a_strip_of_no_card_is_not_found(owner: Member, engine: Engine, path: str) -> None:
    program_id = programs_of(engine, owner)[0].program.id
    found = owner.browser.client.get(f"{OFFERS}/samples/{path.replace('mine', str(program_id))}/5.png")
    assert found.status_code == 404


def test_an_offer_for_birthdays_says_how_many_are_known(
    owner: Member, engine: Engine, keys: Keys, now: datetime
) -> None:
    give_cards(engine, keys, owner, now, begun=0, fresh=1)
    offer_id = saved(owner, "birthday")
    assert "1 of 1 card can get it." in get(owner, f"{OFFERS}/{offer_id}/review")
    assert "Birthday known: 0 of 1 card." in get(owner, f"{OFFERS}/{offer_id}/review")
    assert "Birthday known" not in get(owner, f"{OFFERS}/{saved(owner, 'comeback')}/review")


def test_an_offer_that_runs_says_when_it_begins_next(owner: Member, engine: Engine, now: datetime) -> None:
    hours = {"kind": "time", "hours": {"start": "07:00", "end": "10:00"}}
    offer_id = promote(engine, merchant_of(owner), now, trigger=hours)
    assert 'id="begins"' in get(owner, f"{OFFERS}/{offer_id}")
    hot = promote(engine, merchant_of(owner), now, trigger="weather")
    assert "only if it gets that warm." in get(owner, f"{OFFERS}/{hot}")


def test_an_empty_calendar_and_an_empty_list_of_the_held_back_say_what_will_stand_there(owner: Member) -> None:
    assert "No offer runs" in get(owner, f"{OFFERS}/calendar")
    assert "Nobody was held back" in get(owner, f"{OFFERS}/held")


@pytest.mark.parametrize("path", ["", "/change", "/review"])
def test_another_shops_offer_is_not_found(
    app: OpenAPI, owner: Member, engine: Engine, now: datetime, path: str
) -> None:
    stranger = bakery(app, engine, now)
    offer_id = promote(engine, merchant_of(stranger), now, an_offer())
    assert owner.browser.client.get(f"{OFFERS}/{offer_id}{path}").status_code == 404


@pytest.mark.parametrize("deed", ["publish", "pause", "resume", "end", "discard"])
def test_nothing_is_done_to_another_shops_offer(
    app: OpenAPI, owner: Member, engine: Engine, now: datetime, deed: str
) -> None:
    stranger = bakery(app, engine, now)
    offer_id = promote(engine, merchant_of(stranger), now, an_offer())
    assert owner.browser.submit(f"{OFFERS}/{offer_id}/{deed}", revision="1").status_code == 404
    assert [row.state for row in rows(engine, stranger)] == ["live"]


@pytest.mark.parametrize("offer_id", ["none", "00000000-0000-0000-0000-000000000000"])
def test_no_offer_of_that_id_is_not_found(owner: Member, offer_id: str) -> None:
    assert owner.browser.client.get(f"{OFFERS}/{offer_id}").status_code == 404


def test_what_runs_and_whose_last_day_has_passed_is_called_over_and_can_still_be_changed(
    engine: Engine, owner: Member, now: datetime
) -> None:
    days = {"first": str((now - timedelta(days=9)).date()), "last": str((now - timedelta(days=5)).date())}
    offer_id = promote(engine, merchant_of(owner), now - timedelta(days=10), window=days)
    assert '<span class="label" data-state="live">Over</span>' in get(owner, OFFERS)
    assert 'id="change"' in get(owner, f"{OFFERS}/{offer_id}")
