"""Somebody who works in a directory, by the dice, in every way that there is."""

import contextlib
import os
import random
import shutil
from pathlib import Path


class Disturber:
    """Does things to what is below ``root``; ``touched`` are the paths that a watcher would name."""

    def __init__(self, dice: random.Random, root: Path) -> None:
        self.touched: set[str] = set()
        self._dice, self._root = dice, root
        self._number = 0

    def disturb(self, times: int) -> set[str]:
        """Do so many things; returns the paths that came, went or were changed by them."""
        self.touched = set()
        for _ in range(times):
            with contextlib.suppress(OSError):  # what cannot be done is tried, as people do
                self._dice.choice(WAYS)(self)
        return self.touched

    def create(self) -> None:
        with self._at(self._place()).open("x") as file:
            file.write(self._text())

    def make_folders(self) -> None:
        place = self._place()
        for folder in (place, place / self._name(), place / self._name()):
            self._at(folder).mkdir()
            self._at(folder / self._name()).touch()

    def change(self) -> None:
        self._at(self._file()).write_text(self._text())

    def delete(self) -> None:
        self._at(self._file()).unlink()

    def rename(self) -> None:
        self._at(self._file()).rename(self._at(self._place()))

    def save(self) -> None:
        """As editors do it: a temporary file, and a rename over the old one."""
        path = self._file()
        temporary = self._at(path.with_name(f".{path.name}.tmp"))
        temporary.write_text(self._text())
        temporary.replace(self._at(path))

    def rename_folder(self) -> None:
        self._at(self._folder()).rename(self._at(self._place()))

    def delete_folder(self) -> None:
        if self._dice.random() < 0.5:
            shutil.rmtree(self._at(self._folder()))

    def make_again(self) -> None:
        folder = self._at(self._folder())
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / self._name()).write_text(self._text())

    def link(self) -> None:
        self._at(self._place()).symlink_to(self._dice.choice([".", "..", "/nowhere", "a", "a1/b"]))

    def link_hard(self) -> None:
        os.link(self._file(), self._at(self._place()))

    def ignore(self) -> None:
        patterns = self._dice.choice(["a\n", "b/\n", "*\n!a\n", "", "c*\n!c1\n"])
        self._at(self._place().with_name(".gitignore")).write_text(patterns)

    def _at(self, path: Path) -> Path:
        if path == self._root:
            raise OSError("The directory itself is left alone.")
        self.touched.add(str(path.relative_to(self._root)))
        return path

    def _place(self) -> Path:
        return self._dice.choice([self._root, *self._folders()]) / self._name()

    def _folder(self) -> Path:
        return self._dice.choice([self._root, *self._folders()])

    def _folders(self) -> list[Path]:
        found = sorted(Path(at) / name for at, names, _ in os.walk(self._root) for name in names)
        return [path for path in found if not path.is_symlink()]

    def _file(self) -> Path:
        found = sorted(Path(at) / name for at, _, names in os.walk(self._root) for name in names)
        # A write through one of several names is named once by the kernel: the next reconcile finds the rest.
        files = [path for path in found if not path.is_symlink() and path.stat().st_nlink == 1]
        if not files:
            raise FileNotFoundError("There is no file.")
        return self._dice.choice(files)

    def _name(self) -> str:
        return self._dice.choice("abc") + self._dice.choice(["", "1", "2"])

    def _text(self) -> str:
        self._number += 1
        return "x" * self._dice.randint(0, 3) + str(self._number)


WAYS = (
    *[Disturber.create] * 5,
    *[Disturber.change, Disturber.make_folders] * 4,
    *[Disturber.rename, Disturber.save, Disturber.rename_folder] * 3,
    *(Disturber.delete, Disturber.delete, Disturber.delete_folder, Disturber.make_again),
    *(Disturber.link, Disturber.link_hard, Disturber.ignore),
)
