"""Command-line options whose errors take one line and say what may have been meant."""

import argparse
import difflib
import sys


class Parser(argparse.ArgumentParser):
    """`name` begins its errors; `status` is the exit code with them."""

    def __init__(self, name, status, **settings):
        super().__init__(allow_abbrev=False, **settings)
        self._name = name
        self._status = status

    def error(self, message):
        unknown = "unrecognized arguments: "
        if message.startswith(unknown):
            message = self._say_unknown(message[len(unknown) :].split()[0])
        print(f"{self._name}: error: {message}", file=sys.stderr)
        sys.exit(self._status)

    def _say_unknown(self, word):
        return f"unknown option '{word}'; {suggestion(word, self._option_string_actions, f'see {self.prog} --help')}"


def suggestion(word, known, otherwise):
    """ "did you mean X?" if one of `known` is close to `word`, else `otherwise`."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else otherwise
