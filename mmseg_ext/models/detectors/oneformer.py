from typing import List, Optional, Sequence, Union

from mmdet.models.detectors import MaskFormer
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, OptConfigType, OptMultiConfig
from mmengine.config import ConfigDict
from torch import Tensor

from ..dense_heads.oneformer_head import TASKS


@MODELS.register_module()
class OneFormer(MaskFormer):
    """One model for semantic, instance and panoptic segmentation.

    `OneFormer <https://arxiv.org/abs/2211.06220>`_. A prediction has
    ``pred_panoptic_seg``, ``pred_instances`` and ``pred_sem_seg``, each made
    with the token of its own task in one pass, so that the stock metrics of
    all three run side by side.

    ``test_cfg`` takes, beside the arguments of :class:`OneFormerFusionHead`,

    - ``tasks``: the tasks to predict, all three by default;
    - ``joint_task``: a task whose token is used for all of ``tasks``; by
      default each has its own;
    - ``max_per_image``: instances of an image, ``num_queries`` by default.

    Args:
        backbone (dict): Any backbone of mmdet, mmseg or mmpretrain with maps
            of stride 4, 8, 16 and 32.
        neck (dict, optional): Defaults to None.
        panoptic_head (dict): An :class:`OneFormerHead`.
        panoptic_fusion_head (dict): An :class:`OneFormerFusionHead`.
        train_cfg (dict, optional): Matching and points. Defaults to None.
        test_cfg (dict, optional): Defaults to None.
        data_preprocessor (dict, optional): Defaults to None.
        init_cfg (dict or list[dict], optional): Defaults to None.
        pretrained (str, optional): A checkpoint of the backbone. Defaults to
            None.

    Raises:
        ValueError: If a task is unknown, or the heads do not agree.
    """

    def __init__(self,
                 backbone: ConfigType,
                 neck: OptConfigType = None,
                 panoptic_head: OptConfigType = None,
                 panoptic_fusion_head: OptConfigType = None,
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 data_preprocessor: OptConfigType = None,
                 init_cfg: OptMultiConfig = None,
                 pretrained: Optional[str] = None) -> None:
        if pretrained is not None:
            backbone = ConfigDict(
                backbone,
                init_cfg=dict(type='Pretrained', checkpoint=pretrained))
        test_cfg = ConfigDict(test_cfg or {})
        super().__init__(
            backbone=backbone,
            neck=neck,
            panoptic_head=ConfigDict(panoptic_head),
            panoptic_fusion_head=ConfigDict(panoptic_fusion_head),
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg)
        self._check()

    def _check(self) -> None:
        self._tasks()
        head, fusion = self.panoptic_head, self.panoptic_fusion_head
        for field in ('num_things_classes', 'num_stuff_classes'):
            ours, theirs = getattr(head, field), getattr(fusion, field)
            if ours != theirs:
                raise ValueError(
                    f'panoptic_head.{field}={ours} and panoptic_fusion_head.'
                    f'{field}={theirs} must be equal.')
        most = head.num_queries * head.num_classes
        # the fusion head reads the very same dict
        self.test_cfg.setdefault('max_per_image', head.num_queries)
        fusion.test_cfg = self.test_cfg
        if not 0 < self.test_cfg.max_per_image <= most:
            raise ValueError(
                'test_cfg.max_per_image must be 1 to num_queries * classes = '
                f'{most} but is {self.test_cfg.max_per_image}.')

    def _tasks(self, tasks: Union[str, Sequence[str], None] = None) -> tuple:
        if tasks is None:
            tasks = self.test_cfg.get('tasks', TASKS)
        tasks = (tasks, ) if isinstance(tasks, str) else tuple(tasks)
        joint = self.test_cfg.get('joint_task')
        unknown = set(tasks) | ({joint} if joint else set())
        unknown -= set(TASKS)
        if unknown or not tasks:
            raise ValueError('test_cfg.tasks and test_cfg.joint_task must be '
                             f'of {TASKS} but are {tasks} and {joint}.')
        return tasks

    def predict(self,
                batch_inputs: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True,
                tasks: Union[str, Sequence[str], None] = None) -> SampleList:
        """Predict.

        Args:
            batch_inputs (Tensor): Images, (B, 3, H, W).
            batch_data_samples (list[DetDataSample]): Their samples.
            rescale (bool): Whether to give results in the size of the image
                files. Defaults to True.
            tasks (str or Sequence[str], optional): Tasks. Defaults to None,
                those of ``test_cfg.tasks``.

        Returns:
            list[DetDataSample]: The samples with predictions.
        """
        tasks = self._tasks(tasks)
        joint = self.test_cfg.get('joint_task')
        passes = {joint: tasks} if joint else {task: [task] for task in tasks}
        features = self.extract_feat(batch_inputs)
        for token, scores, masks in self.panoptic_head.predict(
                features, batch_data_samples, tuple(passes)):
            results = self.panoptic_fusion_head.predict(
                scores,
                masks,
                batch_data_samples,
                rescale=rescale,
                tasks=passes[token])
            self.add_pred_to_datasample(batch_data_samples, results)
        return batch_data_samples

    def add_pred_to_datasample(self, data_samples: SampleList,
                               results_list: List[dict]) -> SampleList:
        """Add predictions to samples.

        Args:
            data_samples (list[DetDataSample]): The samples.
            results_list (list[dict]): Results of the fusion head.

        Returns:
            list[DetDataSample]: The samples.
        """
        for sample, results in zip(data_samples, results_list):
            if 'sem_results' in results:
                sample.pred_sem_seg = results['sem_results']
            if 'pan_results' in results:
                sample.pred_panoptic_seg = results['pan_results']
            if 'ins_results' in results:
                sample.pred_instances = results['ins_results']
        return data_samples
