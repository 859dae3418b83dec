"""Text that came from outside, made harmless for a page."""

from __future__ import annotations

from html import escape

__all__ = ["Html", "text", "visible"]

# what neither a terminal, HTML nor XML can hold as it is: controls get their picture, the rest U+FFFD
_CONTROLS = {code: 0x2400 + code for code in range(32)} | {127: 0x2421}
_UNUSABLE = [*range(128, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
_PICTURES = {
    code: picture
    for code, picture in (_CONTROLS | dict.fromkeys(_UNUSABLE, 0xFFFD)).items()
    if chr(code) not in "\n\t"
}


class Html(str):
    """Markup that is safe as it stands, so that it is not escaped a second time.

    >>> text(Html("<b>bold</b>"))
    '<b>bold</b>'
    """

    __slots__ = ()


def text(value: object) -> Html:
    """``value`` as markup that shows it and does nothing else; `Html` passes as it is.

    >>> text("<script> & 'more'")
    '&lt;script&gt; &amp; &#x27;more&#x27;'
    """
    return value if isinstance(value, Html) else Html(escape(visible(str(value))))


def visible(text: str) -> str:
    r"""``text`` with pictures for control characters, so that it cannot steer the terminal or break a page.

    >>> visible("a\x1b[31mb")
    'a␛[31mb'
    """
    return text.translate(_PICTURES)
