from pathlib import Path

import pytest

from passes.face import Colours, Face, Issue, Line, StampLook, Stamps

CAFE = Path(__file__).parents[2] / "templates" / "branding" / "cafe"


@pytest.fixture(scope="session")
def look() -> StampLook:
    colours = Colours("#4a2415", "#fff4e2", "#f0b35a")
    return StampLook(colours, (CAFE / "stamp.png").read_bytes(), "round")


@pytest.fixture(scope="session")
def face(look: StampLook) -> Face:
    return Face(
        language="de",
        organization="Café Morgenrot",
        description="Stempelkarte: zehn Stempel, ein Kaffee",
        logo_text="Café Morgenrot",
        colours=look.colours,
        header=(Line("stamps", "Stempel", 0, "Du hast jetzt %@ Stempel."),),
        secondary=(Line("reward", "Belohnung", "Kaffee"),),
        auxiliary=(Line("left", "Noch", 10),),
        back=(Line("contact", "Kontakt", "Café Morgenrot, Lindenstraße 3"),),
        icon=(CAFE / "icon.png").read_bytes(),
        logo=(CAFE / "logo.png").read_bytes(),
        look=look,
        stamps=Stamps(10, 0),
        code="T1ORSXG5BRORSXG5BRORSXG5BRORSXG5BRAB",
        short_code="K7QM-3FX",
    )


@pytest.fixture(scope="session")
def issue() -> Issue:
    return Issue(
        pass_type="pass.example.morgenrot",
        team_id="ABCDE12345",
        serial="01jdc4v8w2",
        token="0123456789abcdef",
        web_service_url="https://karten.example/apple",
    )
