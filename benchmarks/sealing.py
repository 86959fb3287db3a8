"""Sealing a pass over the bare signature of its key: `python -m benchmarks.sealing`, or `make bench`."""

import json
import random
import resource
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from io import BytesIO
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from PIL import Image
from wallet.models import Barcode, BarcodeFormat, StoreCard
from wallet.models import Pass as PublishedPass

from benchmarks import report
from benchmarks.phones import certificate
from issuer.branding import load_branding
from passes.apple import apple_content
from passes.face import Colours, Face, Issue, Line, StampLook, Stamps
from passes.grid import HEIGHT, WIDTH
from passes.images import ICON_SIDE, LOGO_BOX, scaled_names
from passes.lint.keys import Certified
from passes.lint.whole import refuse_content_faults
from signing.certificates import PassCertificate
from signing.cms import Signer
from signing.pkpass import fixed_files, seal_pass

NODE = Path(__file__).parent / "node"
NODE_MAKERS = ("pass-js", "passkit-generator")
TITLES = {
    "bare": "bare `private_key.sign`",
    "seal": "`seal_pass`: from the object of pass.json to the file",
    "joined": "the same, its two parts copied into one",
    "face": "from the card's face: `apple_content`, the lint's errors, `seal_pass`",
    "wallet-py3k": "wallet-py3k 0.0.4 as published (an openssl process a pass)",
    "pass-js": "npm @walletpass/pass-js 7.2.0",
    "passkit-generator": "npm passkit-generator 3.6.1",
}
SIZES = {"icon": (ICON_SIDE, ICON_SIDE), "logo": LOGO_BOX, "strip": (WIDTH, HEIGHT)}
PICTURE_BYTES = 348_000
AIM, SHORT = 0.9, 0.75
TURN_SECONDS = 0.05

Make = Callable[[int], object]


@dataclass(frozen=True)
class Values:
    """The four that vary from pass to pass."""

    serial: str
    stamps: str
    status: str
    code: str


@lru_cache(maxsize=1000)
def values(number: int) -> Values:
    """What a card shows is known before it is sealed, so making it is not measured."""
    status = f"Another {10 - number % 10} stamps to your coffee"
    return Values(f"serial{number}", f"{number % 11} / 10", status, f"T1{number:034}")


def pictures() -> dict[str, bytes]:
    """Nine PNGs of Apple's sizes, with as much noise in each as makes them 348 KB together."""
    draw = random.Random(348)  # noqa: S311 (noise, no secret)
    pixels = sum(3 * scale**2 * width * height for width, height in SIZES.values() for scale in (1, 2, 3))
    noise = PICTURE_BYTES / pixels
    found = {}
    for stem, (width, height) in SIZES.items():
        for name, scale in scaled_names(stem):
            size = (width * scale, height * scale)
            rows = round(noise * size[1])
            sheet = Image.new("RGB", size, "#14532d")
            sheet.paste(Image.frombytes("RGB", (size[0], rows), draw.randbytes(3 * size[0] * rows)), (0, 0))
            target = BytesIO()
            sheet.save(target, "PNG")
            found[name] = target.getvalue()
    return found


def card(given: PassCertificate) -> tuple[Face, Issue]:
    """A stamp card as the service makes one."""
    brand = load_branding("cafe")
    colours = Colours(**brand.design["colours"])
    face = Face(
        language="en",
        organization="Café Morgenrot",
        description="Stamp card of Café Morgenrot",
        logo_text="Café Morgenrot",
        colours=colours,
        header=(Line("stamps", "Stamps", "0 / 10"),),
        secondary=(Line("status", "Your card", "Another 10 stamps to your coffee", "%@"),),
        auxiliary=(),
        back=tuple(
            Line(f"line-{n}", f"Line {n}", "What stands on the back of a card, in a sentence.") for n in range(8)
        ),
        icon=brand.icon,
        logo=brand.logo,
        look=StampLook(colours, brand.stamp, brand.design["shape"]),
        stamps=Stamps(10, 0),
        code="T1" + "0" * 34,
        short_code="K7QM-3FX",
    )
    return face, Issue(given.pass_type, given.team_id, "serial", "0123456789abcdef", "https://cards.example/apple")


def ours(given: PassCertificate, files: Mapping[str, bytes]) -> Callable[[int], tuple[bytes, bytes]]:
    """From the object that pass.json holds to the file."""
    content, fixed, signer = apple_content(*card(given)), fixed_files(files), Signer(given)
    groups, code = content["storeCard"], content["barcodes"][0]
    header, secondary = groups["headerFields"][0], groups["secondaryFields"][0]

    def make(number: int) -> tuple[bytes, bytes]:
        now = values(number % 1000)
        lines = {
            "headerFields": [{**header, "value": now.stamps}],
            "secondaryFields": [{**secondary, "value": now.status}],
        }
        varying = {"serialNumber": now.serial, "barcodes": [{**code, "message": now.code}]}
        return seal_pass({**content, **varying, "storeCard": {**groups, **lines}}, fixed, signer, datetime.now(UTC))

    return make


def ours_from_the_face(given: PassCertificate, files: Mapping[str, bytes]) -> Make:
    """The same, with every check of what Wallet would drop in silence."""
    (face, issue), fixed, signer = card(given), fixed_files(files), Signer(given)

    def make(number: int) -> tuple[bytes, bytes]:
        now = values(number % 1000)
        header, status = replace(face.header[0], value=now.stamps), replace(face.secondary[0], value=now.status)
        shown = replace(face, header=(header,), secondary=(status,), code=now.code)
        content = apple_content(shown, replace(issue, serial=now.serial))
        refuse_content_faults(content, Certified(given.pass_type, given.team_id))
        return seal_pass(content, fixed, signer, datetime.now(UTC))

    return make


def joined(make: Callable[[int], tuple[bytes, bytes]]) -> Make:
    """The file in one piece."""
    return lambda number: b"".join(make(number))


def published(given: PassCertificate, files: Mapping[str, bytes], folder: Path) -> Make:
    """wallet-py3k as it is published: an openssl process a pass."""
    content = apple_content(*card(given))
    paths = [str(folder / f"{name}.pem") for name in ("certificate", "key", "intermediate")]

    def make(number: int) -> bytes:
        now, groups = values(number % 1000), StoreCard()
        groups.addHeaderField("stamps", now.stamps, "Stamps")
        groups.addSecondaryField("status", now.status, "Your card")
        for line in content["storeCard"]["backFields"]:
            groups.addBackField(line["key"], line["value"], line["label"])
        made = PublishedPass(groups, "", given.pass_type, content["organizationName"], given.team_id)
        made.serialNumber, made.description = now.serial, content["description"]
        made.barcode = Barcode(now.code, BarcodeFormat.QR, content["barcodes"][0]["altText"])
        made.webServiceURL, made.authenticationToken = content["webServiceURL"], content["authenticationToken"]
        for name, data in files.items():
            made.addFile(name, BytesIO(data))
        return made.create(*paths, "").getvalue()  # type: ignore[no-any-return]

    return make


def node_program() -> str:
    """The Node that was installed beside the libraries; empty without it."""
    return str(next(NODE.glob("node_modules/node-*/bin/node"), ""))


def by_node(name: str, folder: Path, seconds: float) -> float:
    """Passes a second of processor time by a library of npm."""
    made = folder / f"{name}.pkpass"
    command = [node_program(), str(NODE / "seal.mjs"), name, str(folder), str(seconds), str(made)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or made.stat().st_size < PICTURE_BYTES:
        raise click.ClickException(f"{name} made no whole pass: {done.stderr[-500:]}")
    return float(json.loads(done.stdout)["rate"])


def write_card(folder: Path, given: PassCertificate, files: Mapping[str, bytes]) -> None:
    """What other makers read: the object of pass.json, the pictures, key and certificates."""
    written = {
        "card.json": json.dumps(apple_content(*card(given))).encode(),
        "certificate.pem": given.certificate_pem(),
        "key.pem": given.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "intermediate.pem": given.intermediate_pem(),
        **files,
    }
    for name, data in written.items():
        (folder / name).write_bytes(data)


def spent() -> float:
    """Seconds of processor time, of this process and of those it waited for, so that a busy machine tells nothing."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def rate(make: Make, seconds: float) -> float:
    """Times a second of processor time."""
    return rates_of({"": make}, seconds)[""]


def rates_of(makes: Mapping[str, Make], seconds: float) -> dict[str, float]:
    """Each for so many seconds, in turns of a twentieth, so that all of them meet the same machine."""
    took, done = dict.fromkeys(makes, 0.0), dict.fromkeys(makes, 0)
    while min(took.values()) < seconds:
        for name, make in makes.items():
            begun = spent()
            while spent() - begun < TURN_SECONDS:
                for _ in range(10):
                    make(done[name])
                    done[name] += 1
            took[name] += spent() - begun
    return {name: done[name] / took[name] for name in makes}


def section(rates: Sequence[Mapping[str, float]], seconds: float) -> str:
    """As Markdown."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {report.machine()}, cryptography {metadata.version('cryptography')}.",
        "",
        f"RSA-2048; one card with {PICTURE_BYTES // 1000} KB of pictures, four values of it others in each pass."
        f" {len(rates)} rounds of {seconds:g} s each, in turns; per second of processor time, median (lowest"
        " to highest).",
        "",
        "| | a second | over the bare signature |",
        "|---|---|---|",
    ]
    for name in rates[0]:
        told = report.spread([one[name] for one in rates], "{:.0f}")
        ratios = report.spread([one[name] / one["bare"] for one in rates], "{:.3f}")
        lines.append(f"| {TITLES[name]} | {told} | {ratios} |")
    return "\n".join([*lines, "", f"The aim is {AIM}; below {SHORT} falls short."])


def by_python(given: PassCertificate, folder: Path, files: Mapping[str, bytes]) -> dict[str, Make]:
    """What is measured in this process."""
    scheme, digest, attributes = PKCS1v15(), SHA256(), b"a" * 107
    return {
        "bare": lambda _number: given.key.sign(attributes, scheme, digest),
        "seal": ours(given, files),
        "joined": joined(ours(given, files)),
        "face": ours_from_the_face(given, files),
        "wallet-py3k": published(given, files, folder),
    }


@click.command()
@click.option("--rounds", default=9, show_default=True, help="each measures everything once")
@click.option("--seconds", default=1.0, show_default=True, help="a measurement, of processor time")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on sealing is written anew")
def main(rounds: int, seconds: float, results: Path | None) -> None:
    rates = list[dict[str, float]]()
    with tempfile.TemporaryDirectory(prefix="treuepass-bench-") as place:
        folder, files = Path(place), pictures()
        given = certificate(folder / "authority", datetime.now(UTC))
        write_card(folder, given, files)
        makes, others = by_python(given, folder, files), NODE_MAKERS if node_program() else ()
        if not others:
            click.echo(f"Not measured, for want of `npm ci --prefix benchmarks/node`: {', '.join(NODE_MAKERS)}")
        for number in range(rounds):
            rates.append(rates_of(makes, seconds) | {name: by_node(name, folder, seconds) for name in others})
            click.echo(f"round {number + 1}: " + ", ".join(f"{name} {one:.0f}" for name, one in rates[-1].items()))
    text = section(rates, seconds)
    click.echo(text)
    if results:
        report.write_section(results, "sealing", text)


if __name__ == "__main__":
    main()
