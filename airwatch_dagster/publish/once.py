"""Results that the pages of a bulletin share: each is made once for the same object."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Generic, TypeVar

_Of = TypeVar("_Of")
_Made = TypeVar("_Made")


class _Same(Generic[_Of]):
    """An object as a key: equal to itself alone. Comparing the content of two bulletins would take too long."""

    def __init__(self, one: _Of) -> None:
        self.one = one

    def __hash__(self) -> int:
        return id(self.one)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.one is other.one


def once(*, most: int) -> Callable[[Callable[..., _Made]], Callable[..., _Made]]:
    """Remembers the results of a pure function for the ``most`` last combinations of arguments, the first of which must
    be the same object and the others equal. Nobody may change a result."""

    def decorate(function: Callable[..., _Made]) -> Callable[..., _Made]:
        @lru_cache(maxsize=most)
        def remembered(same: _Same[Any], *others: Any, **named: Any) -> _Made:
            return function(same.one, *others, **named)

        @wraps(function)
        def called(one: Any, *others: Any, **named: Any) -> _Made:
            return remembered(_Same(one), *others, **named)

        return called

    return decorate
