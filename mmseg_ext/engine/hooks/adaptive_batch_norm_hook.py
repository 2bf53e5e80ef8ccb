"""Statistics of batch normalisation, measured anew on another domain."""
from typing import Dict, Iterator, List, Optional

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import EMAHook, Hook
from mmengine.model import BaseTTAModel
from mmseg.registry import HOOKS
from torch import Tensor, nn

from ...models.utils.heads import forward_decode_head
from ..runner.randomness import forked_seed
from ..utils import unwrap_model

FILENAME = 'adabn.pth'


@HOOKS.register_module()
class AdaptiveBatchNormHook(Hook):
    """Replace the statistics of batch normalisation by those of the target.

    Ahead of a validation or a test, unlabelled images of the target are
    forwarded, each layer normalises by the batch, and its running mean and
    variance become those of all these batches together; no weight changes.
    After a validation the former statistics come back, so the training is
    the same with and without the hook. At its end the network with the
    target's statistics is written to ``adabn.pth`` in the work folder. The
    best checkpoint of a validation holds the target's statistics too, the
    others do not: give the hook to the test of those as well.

    Of `Revisiting Batch Normalization For Practical Domain Adaptation
    <https://arxiv.org/abs/1603.04779>`_, section 3.2.

    Args:
        dataloader (dict, optional): Data loader of target images. Defaults
            to None, which takes the images of the validation or the test.
        batch_size (int): Images in a forward pass. Defaults to 8.
        max_images (int, optional): Images of a rank at most. Defaults to
            None, which takes all.

    Raises:
        ValueError: If ``batch_size`` is less than 2, ``max_images`` less
            than that, the segmentor has no batch normalisation, there is no
            image, or ``EMAHook`` trains too.
    """

    # The statistics are needed by whatever saves the best checkpoint.
    priority = 'LOWEST'

    def __init__(self,
                 dataloader: Optional[dict] = None,
                 batch_size: int = 8,
                 max_images: Optional[int] = None) -> None:
        if batch_size < 2:
            raise ValueError('AdaptiveBatchNormHook.batch_size must be at '
                             f'least 2 but is {batch_size}.')
        if max_images is not None and max_images < batch_size:
            raise ValueError('AdaptiveBatchNormHook.max_images must be at '
                             f'least batch_size={batch_size} but is '
                             f'{max_images}.')
        self.dataloader = dataloader
        self.batch_size = batch_size
        self.max_images = max_images
        self._before: Dict[nn.Module, List[Tensor]] = {}

    def before_run(self, runner) -> None:
        """Check the segmentor."""
        if not norm_layers(_segmentor(runner)):
            raise ValueError(
                'AdaptiveBatchNormHook needs batch normalisation with running '
                'statistics, but model.segmentor has none: remove the hook.')

    def before_train(self, runner) -> None:
        """Refuse a second hook that exchanges weights in a validation."""
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            raise ValueError(
                'custom_hooks has AdaptiveBatchNormHook and EMAHook, but '
                'checkpoints would hold the statistics of the one with the '
                'weights of the other: train with one of them.')

    def before_val_epoch(self, runner) -> None:
        """Adapt the statistics, keeping the former ones."""
        self._before = {
            layer: [layer.running_mean.clone(),
                    layer.running_var.clone()]
            for layer in norm_layers(_segmentor(runner))
        }
        self._adapt(runner, runner.val_dataloader)

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Bring the former statistics back."""
        for layer, (mean, var) in self._before.items():
            layer.running_mean.copy_(mean)
            layer.running_var.copy_(var)
        self._before = {}

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Give a checkpoint to resume from, saved meanwhile, the former."""
        if 'optimizer' not in checkpoint:
            return
        for name, layer in unwrap_model(runner.model).named_modules():
            if layer in self._before:
                mean, var = self._before[layer]
                state = checkpoint['state_dict']
                state[f'{name}.running_mean'] = mean.cpu()
                state[f'{name}.running_var'] = var.cpu()

    def before_test_epoch(self, runner) -> None:
        """Adapt the statistics."""
        self._adapt(runner, runner.test_dataloader)

    def after_train(self, runner) -> None:
        """Adapt the statistics and write the network."""
        if self.dataloader is None and runner.val_loop is None:
            return
        self._adapt(runner,
                    None if runner.val_loop is None else runner.val_dataloader)
        runner.save_checkpoint(
            runner.work_dir,
            FILENAME,
            save_optimizer=False,
            save_param_scheduler=False,
            by_epoch=False,
            backend_args=dict(backend='atomic_local'))

    def _adapt(self, runner, evaluated) -> None:
        if isinstance(self.dataloader, dict):
            self.dataloader = runner.build_dataloader(self.dataloader)
        model = _algorithm(runner)
        training = model.training
        model.eval()
        # what the loader draws is no business of the training
        with forked_seed(0):
            images = _images(model, self.dataloader or evaluated)
            adapt_statistics(
                _segmentor(runner), images, self.batch_size, self.max_images)
        model.train(training)


@torch.no_grad()
def adapt_statistics(segmentor: nn.Module,
                     images: Iterator[Tensor],
                     batch_size: int,
                     max_images: Optional[int] = None) -> None:
    """Set running statistics to those of images, pooled over all ranks.

    Args:
        segmentor (nn.Module): A segmentor in eval mode.
        images (Iterator[Tensor]): Preprocessed images, each (3, H, W).
            Those of one size are batched.
        batch_size (int): Images in a batch; a rest of one size is used if
            it has two images at least.
        max_images (int, optional): Images to use at most. Defaults to None.

    Raises:
        ValueError: If no batch comes together.
    """
    layers = norm_layers(segmentor)
    sums = {
        layer:
        torch.zeros(
            3,
            layer.num_features,
            dtype=torch.float64,
            device=layer.running_mean.device)
        for layer in layers
    }

    def use_batch(layer: nn.Module, args: tuple) -> None:
        x = args[0].float()
        var, mean = torch.var_mean(
            x, [d for d in range(x.dim()) if d != 1], correction=0)
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(var)
        mean, var = mean.double(), var.double()
        sums[layer] += len(x) * torch.stack(
            [torch.ones_like(mean), mean, var + mean.square()])

    handles = [layer.register_forward_pre_hook(use_batch) for layer in layers]
    try:
        for batch in _batches(images, batch_size, max_images):
            forward_decode_head(segmentor, segmentor.extract_feat(batch))
    finally:
        for handle in handles:
            handle.remove()
    for layer in layers:
        all_reduce(sums[layer])
    if not any(bool(total[0].any()) for total in sums.values()):
        raise ValueError('AdaptiveBatchNormHook found no two images of one '
                         'size to measure statistics on.')
    for layer, (count, mean, square) in sums.items():
        # layers of auxiliary heads see nothing and keep what they have
        if count[0] > 0:
            mean, square = mean / count, square / count
            layer.running_mean.copy_(mean)
            layer.running_var.copy_(square - mean.square())


def norm_layers(module: nn.Module) -> List[nn.Module]:
    """The layers of batch normalisation that keep running statistics."""
    return [
        layer for layer in module.modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm)
        and layer.running_mean is not None
    ]


def _batches(images: Iterator[Tensor], batch_size: int,
             max_images: Optional[int]) -> Iterator[Tensor]:
    waiting: Dict[tuple, List[Tensor]] = {}
    for index, image in enumerate(images):
        if index == max_images:
            break
        group = waiting.setdefault(tuple(image.shape), [])
        group.append(image)
        if len(group) == batch_size:
            yield torch.stack(group)
            group.clear()
    for group in waiting.values():
        if len(group) > 1:
            yield torch.stack(group)


def _images(model: nn.Module, dataloader) -> Iterator[Tensor]:
    """The images of a loader, also of one with test-time augmentation."""
    for batch in dataloader:
        views = [batch]
        if isinstance(batch['inputs'][0], (list, tuple)):
            views = [{
                key: value[i]
                for key, value in batch.items()
            } for i in range(len(batch['inputs']))]
        for view in views:
            yield from model.data_preprocessor(view, False)['inputs']


def _algorithm(runner) -> nn.Module:
    model = unwrap_model(runner.model)
    return model.module if isinstance(model, BaseTTAModel) else model


def _segmentor(runner) -> nn.Module:
    model = _algorithm(runner)
    return getattr(model, 'segmentor', model)
