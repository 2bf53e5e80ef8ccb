from typing import List, Sequence, Set

_REMEDY = (
    'let the teacher learn longer from labels (default_hooks.stage.stages),'
    ' loosen the filter (model.pseudo_filter)')


class PseudoLabelWarnings:
    """Notice when pseudo labels dry up, and say which field to change.

    Args:
        classes (Sequence[str]): Class names.
        patience (int): Consecutive reports without a kept pixel of a class
            after which it counts as vanished.
    """

    def __init__(self, classes: Sequence[str], patience: int) -> None:
        self.classes = classes
        self.patience = patience
        self._absent = [0] * len(classes)
        self._told: Set[str] = set()
        self._told_nothing = False

    def update(self, predicted: Sequence[float],
               kept: Sequence[float]) -> List[str]:
        """Take in a report.

        Args:
            predicted (Sequence[float]): Pixels predicted, per class.
            kept (Sequence[float]): Pixels kept, per class.

        Returns:
            list[str]: What is new to warn about.
        """
        if not sum(predicted):
            return []
        if not sum(kept):
            # Says more than that every single class has vanished.
            if self._told_nothing:
                return []
            self._told_nothing = True
            return [
                'no pseudo label is kept, the unlabelled images teach '
                f'nothing: {_REMEDY}.'
            ]
        messages = []
        unpredicted, rejected = [], []
        for i, name in enumerate(self.classes):
            self._absent[i] = 0 if kept[i] else self._absent[i] + 1
            if self._absent[i] >= self.patience and name not in self._told:
                self._told.add(name)
                (rejected if predicted[i] else unpredicted).append(name)
        if unpredicted:
            messages.append(
                f'the teacher no longer predicts {", ".join(unpredicted)}: '
                'add labelled images with it '
                '(train_dataloader.dataset.labeled), give it weight '
                '(model.segmentor.decode_head.loss_decode.class_weight) or '
                'let the teacher learn longer from labels '
                '(default_hooks.stage.stages).')
        if rejected:
            messages.append(
                f'every pseudo label of {", ".join(rejected)} is rejected: '
                f'{_REMEDY}.')
        return messages
