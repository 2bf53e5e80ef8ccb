# DeepLabV3+ with ResNet-50 on 100 labelled images of Cityscapes, with the
# usual encoder and a random decoder
_base_ = [
    'mmseg::_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/cityscapes_seeded-512x1024.py',
    '../_base_/schedules/finetune_adamw_5k.py',
    '../_base_/default_runtime.py',
]
# pad to the largest image of the batch
data_preprocessor = dict(size_divisor=1)
model = dict(data_preprocessor=data_preprocessor)
train_dataloader = dict(
    dataset=dict(
        dataset=dict(ann_file='splits/unimatch/1_30/labeled_seed0.txt')))
