"""Commands that run one after the other, each once."""
import hashlib
import json
import os
import os.path as osp
import sys
import time
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

from ...utils.atomic_io import atomic_open
from ...utils.folder_lock import folder_lock, run_alone

STATE = 'state.json'


@dataclass
class Step:
    """A command of a chain, which goes on where it was if it is run again.

    Attributes:
        name (str): Unique name.
        command (list[str]): The command line.
        result (str): A file that is there when the step is finished.
        recipe (str): All that the result depends on beside the steps before,
            as text.
    """
    name: str
    command: List[str]
    result: str
    recipe: str

    @property
    def fingerprint(self) -> str:
        """str: hash of the recipe."""
        return hashlib.sha256(self.recipe.encode()).hexdigest()


class Chain:
    """Runs steps in order and keeps a state file of those that are finished.

    A chain that was killed, at any point, and is started again neither
    repeats nor leaves out a finished step, and has the unfinished one go on,
    unless it has a checkpoint of other settings.

    Args:
        folder (str): Where ``state.json`` lies.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.path = osp.join(folder, STATE)

    def finished(self) -> dict:
        """What is known of the finished steps, by name.

        Raises:
            ValueError: If the state file is broken.
        """
        return self._read()['finished']

    def check(self, steps: Sequence[Step]) -> None:
        """Refuse to go on with other settings, or without a result.

        Args:
            steps (Sequence[Step]): All steps.

        Raises:
            ValueError: If a finished step had another recipe, or one that
                goes on from a checkpoint.
            FileNotFoundError: If the result of a finished one is gone.
        """
        state = self._read()
        for step in steps:
            entry = state['finished'].get(step.name)
            if entry is None:
                self._check_started(step, state['started'].get(step.name))
                continue
            if entry['fingerprint'] != step.fingerprint:
                raise ValueError(
                    f'The step {step.name} in {self.folder} was finished with '
                    'another config or other options: give another '
                    '--work-dir.')
            if not osp.exists(step.result):
                raise FileNotFoundError(
                    f'The step {step.name} is finished according to '
                    f'{self.path}, but {step.result} is gone: give another '
                    '--work-dir.')

    def run(self, steps: Sequence[Step]) -> None:
        """Run what is not finished.

        Args:
            steps (Sequence[Step]): All steps, in order.

        Raises:
            RuntimeError: If a command fails or leaves no result.
        """
        with folder_lock(self.folder):
            self.check(steps)
            for number, step in enumerate(steps, start=1):
                title = f'[{number}/{len(steps)}] {step.name}'
                if step.name in self.finished():
                    print(f'{title}: finished', flush=True)
                    continue
                print(f'{title}: {" ".join(step.command)}', flush=True)
                self._run(step)

    def _check_started(self, step: Step, fingerprint: Optional[str]) -> None:
        folder = osp.dirname(step.result)
        # without a checkpoint there is nothing of the other settings in it
        if (fingerprint not in (None, step.fingerprint)
                and osp.exists(osp.join(folder, 'last_checkpoint'))):
            raise ValueError(
                f'The step {step.name} in {self.folder} has a checkpoint of '
                'another config or other options to go on from: give another '
                f'--work-dir, or remove {folder}.')

    def _read(self) -> Dict[str, dict]:
        if not osp.exists(self.path):
            return dict(finished={}, started={})
        try:
            with open(self.path, encoding='utf-8') as file:
                state = json.load(file)
            return dict(
                finished=state['finished'], started=state.get('started', {}))
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f'{self.path} is no state file of this tool: give another '
                '--work-dir.') from None

    def _write(self, state: Dict[str, dict]) -> None:
        with atomic_open(self.path, 'w') as file:
            json.dump(state, file, indent=1)

    def _run(self, step: Step) -> None:
        start = time.time()
        state = self._read()
        state['started'][step.name] = step.fingerprint
        self._write(state)
        # the launchers' interpreter is this one, whatever the PATH has first
        status = run_alone(
            step.command,
            self.folder,
            env=os.environ | dict(PYTHON=sys.executable))
        if status or not osp.exists(step.result):
            fault = (f'ended with status {status}'
                     if status else f'left no {step.result}')
            raise RuntimeError(
                f'The step {step.name} {fault}; run the same command again to '
                'go on from there.')
        del state['started'][step.name]
        state['finished'][step.name] = dict(
            fingerprint=step.fingerprint,
            command=step.command,
            result=step.result,
            seconds=round(time.time() - start, 1),
            date=time.strftime('%Y-%m-%d %H:%M:%S'))
        self._write(state)
