"""One demo for all tests that only kill parts of it: it ends with this folder, and takes no time from the next."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.shop import Apple, Shop


@contextmanager
def short_folder() -> Iterator[Path]:
    """Short enough for sockets; removed with what the demo keeps for it elsewhere."""
    folder = Path(tempfile.mkdtemp(prefix="tp-"))
    yield folder
    for place in [*folder.rglob("elsewhere"), *folder.rglob("socket-folder")]:
        shutil.rmtree(place.read_text(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def shop_folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def own_folder() -> Iterator[Path]:
    """For a demo that is killed as a whole."""
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="package")
def apple(shop_folder: Path) -> Iterator[Apple]:
    apple = Apple(shop_folder)
    yield apple
    apple.stop()


@pytest.fixture(scope="package")
def open_shop(shop_folder: Path, apple: Apple) -> Iterator[Shop]:
    shop = Shop(shop_folder, apple)
    shop.start()
    yield shop
    shop.end()


@pytest.fixture
def shop(open_shop: Shop) -> Iterator[Shop]:
    """The running demo; whatever was done to it, its books must be right afterwards."""
    yield open_shop
    assert open_shop.breach() is None
