"""Names in braces that scenarios write instead of addresses and paths."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_WORD: Final = re.compile(r"\{([A-Za-z0-9][A-Za-z0-9_./-]*)\}")


def filled(text: str, words: Mapping[str, str]) -> str:
    """A text with `{NAME}` replaced; braces around anything that is no name stay, for nft and shells have their own."""
    return _WORD.sub(lambda match: words.get(match[1], match[0]), text)


def filled_all(texts: Iterable[str], words: Mapping[str, str]) -> list[str]:
    """The same for several."""
    return [filled(text, words) for text in texts]
