from collections.abc import Callable

from airwatch_dagster.publish.once import once


def counted(most: int) -> tuple[list[list[int]], Callable[..., list[int]]]:
    made: list[list[int]] = []

    @once(most=most)
    def doubled(numbers: list[int], *, plus: int = 0) -> list[int]:
        made.append(numbers)
        return [2 * number + plus for number in numbers]

    return made, doubled


def test_a_result_is_made_once_for_the_same_object_and_equal_arguments() -> None:
    made, doubled = counted(most=4)
    numbers = [1, 2]
    assert doubled(numbers) == doubled(numbers) == [2, 4]
    assert doubled(numbers, plus=1) == [3, 5]
    assert len(made) == 2


def test_an_equal_object_is_another_one() -> None:
    made, doubled = counted(most=4)
    one, other = [1, 2], [1, 2]
    assert doubled(one) is not doubled(other)
    assert [each is one for each in made] == [True, False]


def test_the_oldest_result_is_forgotten() -> None:
    made, doubled = counted(most=1)
    one, other = [1], [2]
    assert [doubled(each) for each in (one, other, one)] == [[2], [4], [2]]
    assert len(made) == 3
