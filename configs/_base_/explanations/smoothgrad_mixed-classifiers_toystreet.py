# four classifiers of different kinds, as classifier_*_toystreet.py leave them;
# to explain with them, set explanation of pssl_pretrain_toystreet.py to this
_base_ = ['./smoothgrad_toystreet.py']
explanation = dict(classifiers=[
    dict(
        name=name,
        model=f'configs/pssl/classifier_{name}_toystreet.py',
        checkpoint=f'work_dirs/classifier_{name}_toystreet/iter_200.pth')
    for name in ('resnet-v1c', 'resnet', 'shufflenet-v2', 'densenet')
])
