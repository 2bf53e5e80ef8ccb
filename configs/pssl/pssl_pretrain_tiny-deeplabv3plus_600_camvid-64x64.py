# the tiny DeepLabV3+ on explained cuts of CamVid; make the explanations with
# python tools/explain_dataset.py \
#     configs/pssl/pssl_pretrain_tiny-deeplabv3plus_600_camvid-64x64.py \
#     data/pssl_camvid
_base_ = ['./pssl_pretrain_toystreet.py']
explanation = dict(
    classifiers=[
        dict(
            name=f'densenet_seed{seed}',
            model='configs/pssl/classifier_densenet_camvid.py',
            checkpoint=  # noqa
            f'work_dirs/classifier_densenet_camvid_seed{seed}/iter_200.pth')
        for seed in range(3)
    ],
    dataset=dict(data_root='data/camvid_crops'))
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            ann_file='pssl_camvid/images.jsonl',
            data_prefix=dict(
                img_path='camvid_crops/train',
                seg_map_path='pssl_camvid/deciles'))))
model = dict(
    backbone=dict(
        init_cfg=dict(
            checkpoint='work_dirs/classifier_resnet-v1c_camvid/iter_200.pth')))
default_hooks = dict(export_pretrained=dict(path=None))
expected = None
