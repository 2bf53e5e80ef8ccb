# four small classifiers of object crops; train them first with
# classifier_*_toystreet.py
explanation = dict(
    classifiers=[
        dict(
            name=name,
            model=f'configs/pssl/classifier_{name}_toystreet.py',
            checkpoint=f'work_dirs/classifier_{name}_toystreet/iter_200.pth')
        for name in ('resnet-v1c', 'resnet', 'shufflenet-v2', 'densenet')
    ],
    explainer=dict(type='SmoothGrad', num_samples=8, noise_level=0.1),
    normalization='minmax',
    short_side=64,
    store='decile',
    dataset=dict(
        type='CustomDataset',
        data_root='data/toystreet_crops',
        data_prefix='train'))
