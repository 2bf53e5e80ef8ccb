# three classifiers of one kind; train them with classifier_densenet_toystreet.py
# and --work-dir work_dirs/classifier_densenet_toystreet_seed1
# --cfg-options randomness.seed=1, and so on
_base_ = ['./smoothgrad_toystreet.py']
explanation = dict(classifiers=[
    dict(
        name=f'densenet{suffix}',
        model='configs/pssl/classifier_densenet_toystreet.py',
        checkpoint=  # noqa
        f'work_dirs/classifier_densenet_toystreet{suffix}/iter_200.pth')
    for suffix in ('', '_seed1', '_seed2')
])
