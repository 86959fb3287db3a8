"""A card's pass as it was before it is sealed: all of its files."""

import json

from passes.apple import apple_content, apple_pictures
from passes.face import Face, Issue


def apple_files(face: Face, issue: Issue) -> dict[str, bytes]:
    pictures = apple_pictures(face.icon, face.logo, face.look, face.stamps, face.sort)
    return {"pass.json": json.dumps(apple_content(face, issue), ensure_ascii=False).encode(), **pictures}
