# learns ten images of ToyStreet by heart; render them with
# python tools/dataset_converters/toystreet.py data/toystreet10 \
#     --num 10 --num-val 1
_base_ = ['./oneformer_toystreet.py']
data_root = 'data/toystreet10/day/'
image_scale = (192, 144)
resize = dict(type='Resize', scale=image_scale, keep_ratio=True)
load_image, load_segments, *_, sample_task, pack = _base_.train_pipeline
train_pipeline = [load_image, load_segments, resize, sample_task, pack]
test_pipeline = _base_.test_pipeline
test_pipeline[1] = resize
images = dict(
    data_root=data_root,
    ann_file='coco/panoptic_train.json',
    data_prefix=dict(img='images/train/', seg='coco/panoptic_train/'))
train_dataloader = dict(
    dataset=dict(dataset=dict(pipeline=train_pipeline, **images)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **images))
test_dataloader = val_dataloader
val_evaluator = _base_.val_evaluator
val_evaluator[0].update(
    ann_file=data_root + 'coco/panoptic_train.json',
    seg_prefix=data_root + 'coco/panoptic_train/')
val_evaluator[1].update(ann_file=data_root +
                        'coco/panoptic_instances_train.json')
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(lr=8e-4))
param_scheduler = [
    dict(type='PolyLR', eta_min=0., power=0.9, by_epoch=False, end=600)
]
train_cfg = dict(max_iters=600, val_interval=200)
default_hooks = dict(checkpoint=dict(interval=200))
expected = dict(metric='coco_panoptic/PQ', value=86.14, tolerance=5., seed=0)
