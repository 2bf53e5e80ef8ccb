"""What command lines of several tools have in common."""
import argparse
from typing import Optional, Sequence


def find_repeated(values: Sequence) -> Optional[object]:
    """The first value that comes again, None where all differ."""
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


class Distinct(argparse.Action):
    """Takes several values, and refuses one that comes twice."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Store the values."""
        twice = find_repeated(values)
        if twice is not None:
            raise argparse.ArgumentError(
                self, f'{twice} comes twice, expected are values that differ')
        setattr(namespace, self.dest, values)
