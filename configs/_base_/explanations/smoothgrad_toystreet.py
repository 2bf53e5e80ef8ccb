# three small classifiers of object crops, of one kind: a committee of members
# that are alike beats the best of them. Train each with
# classifier_densenet_toystreet.py, --cfg-options randomness.seed=N and
# --work-dir work_dirs/classifier_densenet_toystreet_seedN
explanation = dict(
    classifiers=[
        dict(
            name=f'densenet_seed{seed}',
            model='configs/pssl/classifier_densenet_toystreet.py',
            checkpoint=  # noqa
            f'work_dirs/classifier_densenet_toystreet_seed{seed}/iter_200.pth')
        for seed in range(3)
    ],
    explainer=dict(type='SmoothGrad', num_samples=8, noise_level=0.1),
    normalization='minmax',
    short_side=64,
    store='decile',
    dataset=dict(
        type='CustomDataset',
        data_root='data/toystreet_crops',
        data_prefix='train'))
