"""Single fields of a truth file, checked; every error names its place."""

LONGEST_DELAY_MS = 60_000


class TruthError(ValueError):
    """The truth file is wrong; the text names the place and what was expected."""


def check_keys(document, place, allowed, required):
    """Checks that an object has only the allowed keys, and all required ones."""
    where = f"{place}: " if place else ""
    if not isinstance(document, dict):
        raise TruthError(f"{where}expected an object")
    for key in document:
        if key not in allowed:
            raise TruthError(f'{where}unknown key "{key}": expected one of {", ".join(allowed)}')
    for key in required:
        if key not in document:
            raise TruthError(f'{where}"{key}" is missing')


def replies_of(entry, place):
    """Request and answer texts as a tuple of pairs of bytes."""
    if not isinstance(entry, dict) or not entry:
        raise TruthError(f"{place}: expected an object of request and answer texts")
    return tuple((bytes_of(request, place), bytes_of(answer, place)) for request, answer in entry.items())


def bytes_of(text, place):
    """A text as bytes."""
    if not isinstance(text, str) or not text:
        raise TruthError(f"{place}: expected a text that is not empty")
    return text.encode("utf-8")


def delay_of(value, place):
    """Milliseconds."""
    if not isinstance(value, int) or not 1 <= value <= LONGEST_DELAY_MS:
        raise TruthError(f"{place}: expected milliseconds from 1 to {LONGEST_DELAY_MS}")
    return value


def share_of(loss, key):
    """A share from 0 to 1; 0 when it is not given."""
    value = loss.get(key, 0)
    if not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise TruthError(f"loss.{key}: expected a share from 0 to 1")
    return float(value)
