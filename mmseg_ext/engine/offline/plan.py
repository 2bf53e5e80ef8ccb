"""Writes down a chain of trainings and offline steps."""
import argparse
import io
import os.path as osp
import runpy
import sys
from contextlib import redirect_stderr
from typing import Iterable, List, Optional, Sequence

from mmengine.config import Config, DictAction

from .chain import Step


class ChainPlan:
    """Base of the plans of tools that run several commands in order.

    Args:
        tools (str): Folder of the tools.
        work_dir (str): Folder of the results, absolute.
        configs (Iterable[str]): Config files of all commands.
        gpus (int): Processes of each command.
        seed (int): Of all trainings.
        cfg_options (Sequence[str]): Settings of every training and offline
            step, key=value.

    Raises:
        ValueError: If a config cannot take the settings.
    """

    def __init__(self, tools: str, work_dir: str, configs: Iterable[str],
                 gpus: int, seed: int, cfg_options: Sequence[str]) -> None:
        self.tools = tools
        self.work_dir = work_dir
        # configs on top of mmseg's take seconds to read
        self.configs = {path: Config.fromfile(path) for path in set(configs)}
        self.gpus = gpus
        self.seed = seed
        self.cfg_options = list(cfg_options)
        self.steps: List[Step] = []

    def train(self, name: str, config: str, options: List[str]) -> str:
        """Add a training; gives its checkpoint.

        Raises:
            ValueError: If an option does not come through ``--cfg-options``.
        """
        _check_options(options)
        options = [f'randomness.seed={self.seed}', *self.cfg_options, *options]
        folder = osp.join(self.work_dir, name)
        tail = ['--work-dir', folder, '--resume', '--cfg-options', *options]
        command = [
            sys.executable,
            osp.join(self.tools, 'train.py'), config, *tail
        ]
        if self.gpus > 1:
            launcher = osp.join(self.tools, 'dist_train.sh')
            command = ['bash', launcher, config, str(self.gpus), *tail]
        cfg = self.read(config, self.cfg_options)
        result = osp.join(folder, f'iter_{cfg.train_cfg.max_iters}.pth')
        self.add(name, command, result, [repr(cfg.to_dict()), *options])
        return result

    def tool(self,
             name: str,
             tool: str,
             config: str,
             sources: List[str],
             arguments: List[str],
             shared: bool = True,
             options: Sequence[str] = ()) -> str:
        """Add an offline step; gives its folder.

        Args:
            name (str): Name of the step and of its folder.
            tool (str): File of the tool.
            config (str): Its config.
            sources (list[str]): What it takes ahead of OUT.
            arguments (list[str]): Further arguments.
            shared (bool): Whether several processes share it. Defaults to
                True.
            options (Sequence[str]): Settings of this step alone, key=value.

        Raises:
            ValueError: If one of them does not come through
                ``--cfg-options``.
        """
        _check_options(options)
        out = osp.join(self.work_dir, name)
        own = ['--cfg-options', *options] if options else []
        tail = [config, *sources, out, *arguments]
        if self.cfg_options or options:
            # it reads the data and builds the network of the trainings
            tail += ['--cfg-options', *self.cfg_options, *options]
        path = osp.join(self.tools, tool)
        command = [sys.executable, path, *tail]
        if self.gpus > 1 and shared:
            command = [
                sys.executable, '-m', 'torch.distributed.run', '--standalone',
                f'--nproc_per_node={self.gpus}', path, *tail, '--launcher',
                'pytorch'
            ]
        cfg = self.read(config, self.cfg_options)
        self.add(name, command, osp.join(out, 'finished.json'),
                 [repr(cfg.to_dict()), tool, *arguments, *own])
        return out

    def tool_options(self, field: str, options: Optional[dict], tool: str,
                     positionals: Sequence[str]) -> List[str]:
        """Arguments of an offline step that a config gives.

        Args:
            field (str): Config field of them, for messages.
            options (dict, optional): By name; those that are None are left
                to the tool.
            tool (str): File of the tool.
            positionals (Sequence[str]): What it takes ahead of them.

        Raises:
            ValueError: If the tool does not take them.
        """
        arguments = [
            f'--{key.replace("_", "-")}={value}'
            for key, value in (options or {}).items() if value is not None
        ]
        tool = runpy.run_path(osp.join(self.tools, tool))
        said = io.StringIO()
        try:
            with redirect_stderr(said):
                tool['parse_args']([*positionals, *arguments])
        except SystemExit:
            fault = said.getvalue().rpartition('error: ')[2].strip()
            raise ValueError(f'{field}: {fault}.') from None
        return arguments

    def read(self, config: str, options: List[str]) -> Config:
        """A config with settings overridden."""
        cfg = self.configs[config].copy()
        try:
            cfg.merge_from_dict(_parse_options(options))
        except (KeyError, TypeError) as error:
            raise ValueError(
                f'{config} cannot take --cfg-options {" ".join(options)}: '
                f'{error.args[0]}') from None
        return cfg

    def add(self, name: str, command: List[str], result: str,
            recipe: List[str]) -> None:
        """Add a step."""
        # the folder may be moved between two calls
        text = '\n'.join(recipe).replace(self.work_dir, 'WORK_DIR')
        self.steps.append(Step(name, command, result, text))


def _parse_options(options: Sequence[str]) -> dict:
    parser = argparse.ArgumentParser()
    parser.add_argument('--options', nargs='*', action=DictAction)
    return parser.parse_args(['--options', *options]).options or {}


def _check_options(options: Sequence[str]) -> None:
    """Refuse paths that ``--cfg-options`` takes for a list, or cuts."""
    for option in options:
        field, _, path = option.partition('=')
        try:
            found = _parse_options([option])[field]
        except AssertionError:  # of brackets that do not match
            found = None
        if str(found) != path:
            raise ValueError(
                f'{field} would be {path!r}, which does not come through '
                '--cfg-options: give a --work-dir, and files, of paths '
                'without blanks, commas and brackets.')
