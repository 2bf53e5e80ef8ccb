# fifteen classifiers of ImageNet with the published weights of mmpretrain; the
# fifteen of the paper are not known. Noise and input follow the authors'
# explanation library.
explanation = dict(
    classifiers=[
        'resnet18_8xb32_in1k',
        'resnet34_8xb32_in1k',
        'resnet50_8xb32_in1k',
        'resnet101_8xb32_in1k',
        'resnet152_8xb32_in1k',
        'resnext50-32x4d_8xb32_in1k',
        'seresnet50_8xb32_in1k',
        'res2net50-w26-s8_3rdparty_8xb32_in1k',
        'densenet121_3rdparty_in1k',
        'densenet169_3rdparty_in1k',
        'densenet201_3rdparty_in1k',
        'vgg16bn_8xb32_in1k',
        'mobilenet-v2_8xb32_in1k',
        'hrnet-w18_3rdparty_8xb32_in1k',
        'regnetx-3.2gf_8xb64_in1k',
    ],
    explainer=dict(
        type='SmoothGrad',
        num_samples=50,
        noise_level=0.1,
        gradient_of='probability',
        sample_batch_size=50),
    normalization='minmax',
    target='label',
    committee_filter='none',
    short_side=224,
    store='decile',
    dataset=dict(type='ImageNet', data_root='data/imagenet', split='train'))
