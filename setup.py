"""Carry configs, tools and the model index inside the package.

``configs/`` and ``tools/`` lie at the top of the repository, as in every
OpenMMLab project, while MIM and ``_base_ = ['mmseg_ext::...']`` look for them
in ``mmseg_ext/.mim/``. A wheel gets copies, an editable install gets links.
All metadata is in ``setup.cfg``.
"""
import os
import shutil
from pathlib import Path
from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_ENTRIES = ('configs', 'tools', 'model-index.yml')


class BuildWithMim(build_py):
    """``build_py`` that fills ``mmseg_ext/.mim`` as well."""

    def run(self):
        super().run()
        if self.editable_mode:
            self._fill(ROOT / 'mmseg_ext' / '.mim', self._link)
        else:
            self._fill(
                Path(self.build_lib, 'mmseg_ext', '.mim').absolute(),
                self._copy)

    @staticmethod
    def _fill(folder, place):
        if folder.is_dir():  # entries of an earlier build may be gone by now
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        for name in MIM_ENTRIES:
            place(ROOT / name, folder / name)

    @classmethod
    def _link(cls, source, target):
        try:
            target.symlink_to(
                os.path.relpath(source, target.parent), source.is_dir())
        except OSError:  # Windows without the right to make links
            cls._copy(source, target)

    @staticmethod
    def _copy(source, target):
        if source.is_dir():
            shutil.copytree(
                source,
                target,
                ignore=shutil.ignore_patterns('__pycache__', '*.pyc'))
        else:
            shutil.copy2(source, target)


setup(cmdclass={'build_py': BuildWithMim})
