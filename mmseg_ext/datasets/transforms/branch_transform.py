import copy
from typing import Dict, List, Mapping, Optional, Sequence, Union

from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class BranchTransform(BaseTransform):
    """End of a pipeline that forks into several views of one image.

    What stands ahead of it (loading, geometry) is shared by all views; each
    view goes on with a deep copy. For a weak and a strong view of unlabelled
    images, with equal geometry::

        dict(type='BranchTransform', branches=dict(
            unlabeled=[dict(type='PackBranchInputs')],
            unlabeled_strong=[
                dict(type='RandomColorJitter', brightness=0.4),
                dict(type='PackBranchInputs')]))

    Args:
        branches (dict[str, list[dict or callable]]): Pipeline of each
            branch. Each ends with ``PackBranchInputs`` or ``PackSegInputs``.
    """

    def __init__(
            self, branches: Mapping[str, Sequence[Union[dict,
                                                        callable]]]) -> None:
        if not branches:
            raise ValueError('BranchTransform.branches is empty; give at '
                             'least one branch with its pipeline.')
        self.pipelines: Dict[str, Compose] = {
            name: Compose(pipeline)
            for name, pipeline in branches.items()
        }

    @property
    def branches(self) -> List[str]:
        """list[str]: Names of the branches."""
        return list(self.pipelines)

    def transform(self, results: dict) -> Optional[dict]:
        """Run every branch.

        Args:
            results (dict): Results of the shared part.

        Returns:
            dict or None: ``inputs`` and ``data_samples``, each by branch;
            None if a branch gave up the image.
        """
        inputs, data_samples = {}, {}
        for name, pipeline in self.pipelines.items():
            packed = pipeline(copy.deepcopy(results))
            if packed is None:
                return None
            if 'data_samples' not in packed:
                raise ValueError(
                    f'BranchTransform.branches.{name} does not pack its '
                    "results; end it with dict(type='PackBranchInputs').")
            inputs[name] = packed['inputs']
            data_samples[name] = packed['data_samples']
        return dict(inputs=inputs, data_samples=data_samples)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(branches={self.pipelines})'
